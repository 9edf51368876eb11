// Supervisors in a call that runs through a real livekit-server.
import type { ChildProcess } from "node:child_process";
import type { Browser, Page } from "@playwright/test";
import { administrator, livekitURL, start, stop } from "../support/installation.ts";
import { apiKey, apiSecret, findLiveKit, startCarrier, trunk, type Carrier, type Dialled } from "../support/livekit.ts";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";

const program = findLiveKit();
test.skip(program === undefined, "there is no livekit-server on this machine");
test.use({ baseURL: livekitURL, storageState: { cookies: [], origins: [] } });

let carrier: Carrier;
let installation: { server: ChildProcess; link: string };
/** Rung for the first call; every other is told that the line is busy, unless a colleague is expected. */
let ringing: (dialled: Dialled) => void;
const rung = new Promise<Dialled>((resolve) => (ringing = resolve));
let answered: Promise<Page> | undefined;
let colleague: { expected: boolean; phone?: Promise<Page> } = { expected: false };

async function answer(browser: Browser, dialled: Dialled): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(carrier.phonePage);
  await page.evaluate(([url, token]) => (window as any).answer(url, token), [carrier.publicURL, dialled.token]);
  return page;
}

test.beforeAll(async ({ browser }) => {
  test.setTimeout(300_000);
  carrier = await startCarrier(program!, async (dialled) => {
    if (answered) {
      if (!colleague.expected || !dialled.identity.startsWith("supervisor-phone-")) return "busy";
      colleague.phone = answer(browser, dialled);
      await colleague.phone;
      return "answered";
    }
    answered = answer(browser, dialled);
    await answered;
    ringing(dialled);
    return "answered";
  });
  installation = await start({
    url: livekitURL,
    folder: "livekit",
    environment: {
      // The embedded one: the other installation has the database that may be configured.
      DATABASE_URL: "",
      LIVEKIT_URL: carrier.url,
      LIVEKIT_PUBLIC_URL: carrier.publicURL,
      LIVEKIT_API_KEY: apiKey,
      LIVEKIT_API_SECRET: apiSecret,
      LIVEKIT_SIP_TRUNK_ID: trunk,
    },
  });
});

test.afterAll(async () => {
  if (installation) await stop(installation.server);
  await carrier?.stop();
});

/** The loudest frequency, hertz, of any sound that the page plays; 0 for silence. */
async function loudest(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const context = new AudioContext();
    const analysers = [...document.querySelectorAll("audio")].map((element) => {
      const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(element.srcObject as MediaStream).connect(analyser);
      return analyser;
    });
    await new Promise((later) => setTimeout(later, 500));
    const found = analysers.map((analyser) => {
      const levels = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(levels);
      const peak = levels.indexOf(Math.max(...levels));
      return levels[peak] > -70 ? (peak * context.sampleRate) / analyser.fftSize : 0;
    });
    await context.close();
    return found;
  });
}

const hums = (frequencies: number[]) => frequencies.some((frequency) => Math.abs(frequency - 200) < 12);

/** Supervisors that a phone sees in its room, and whether it hears them. */
async function supervisors(phone: Page): Promise<{ heard: boolean }[]> {
  return phone.evaluate(() =>
    [...(window as any).room.remoteParticipants.values()]
      .filter(({ identity }) => identity.startsWith("supervisor-"))
      .map(({ trackPublications }) => ({ heard: [...trackPublications.values()].some((track: any) => track.isSubscribed) })),
  );
}

test("hear a call in its room unseen, speak in it, and be put out of it", async ({ page }) => {
  test.setTimeout(240_000);
  await test.step("sign in and call people where it is day", async () => {
    await page.goto(installation.link);
    await hydrated(page);
    await page.getByLabel("Your name").fill(administrator.name);
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("New password").fill(administrator.password);
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
    const day = { from: 480, to: 1260 };
    const content = {
      name: "Through LiveKit",
      script: "Ask whether they want an appointment.",
      opening: "Hello {{first_name}}, this is the AI assistant of Example Company.",
      voicemail_message: "",
      voicemail_policy: "hang_up",
      result_fields: [],
      hours: { days: Array(7).fill(day) },
      max_concurrent_calls: 1,
      calls_per_ten_seconds: 10,
      retries: [],
      ring_seconds: 30,
      max_call_seconds: 240,
      default_country: "US",
    };
    const created = await page.request.post("/api/campaigns/create", { data: { content } });
    expect(created.status(), await created.text()).toBe(200);
    const id = await created.json();
    const numbers = ["+12125550130", "+13105550131", "+18085550132", "+442079460018", "+4930901820", "+97142012345", "+81332011234", "+61293744000", "+6493555000"];
    for (const number of numbers) {
      const form = { campaign: id, "lead[name]": "Person", "lead[phone_number]": number };
      const added = await page.request.post("/api/leads/add", { form });
      expect(added.status(), `${number}: ${await added.text()}`).toBe(200);
    }
    const started = await page.request.post("/api/campaigns/command", { form: { id, command: "start" } });
    expect(started.status(), await started.text()).toBe(200);
  });

  const { room } = await rung;
  const phone = await answered!;
  const sounds: number[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => sounds.push(payload.length)));
  await page.goto(`/monitor/${room.replace("call-", "")}`);
  await hydrated(page);

  await test.step("listen: both sides come from the room, and nobody there sees it", async () => {
    await page.getByRole("button", { name: "Listen" }).click();
    await expect(page.getByRole("button", { name: "Listening – stop" })).toBeVisible();
    await expect(page.locator("audio")).toHaveCount(2);
    await expect.poll(async () => hums(await loudest(page)), { timeout: 30_000 }).toBe(true);
    expect(await supervisors(phone)).toEqual([]);
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step("speak to the agent: the phone hears nothing of it", async () => {
    await page.getByRole("button", { name: "Speak to the agent" }).click();
    await expect(page.getByText("The agent hears you, the person does not.", { exact: false })).toBeVisible();
    await expect.poll(() => supervisors(phone)).toEqual([{ heard: false }]);
  });

  await test.step("take over: the phone hears it, and oneself does not", async () => {
    await page.getByRole("button", { name: "Take over" }).click();
    await expect(page.getByText("You speak with the person. The agent is silent and listens.")).toBeVisible();
    await expect.poll(() => supervisors(phone)).toEqual([{ heard: true }]);
    await expect(page.locator("audio")).toHaveCount(2);
  });

  await test.step("return to the agent: one's voice has left the room", async () => {
    await page.getByRole("button", { name: "Return to the agent" }).click();
    await expect(page.getByText("Nobody hears you", { exact: false })).toBeVisible();
    await expect.poll(() => supervisors(phone)).toEqual([]);
    await expect.poll(async () => hums(await loudest(page))).toBe(true);
  });

  const callColleague = async () => {
    await page.getByRole("button", { name: "Transfer" }).click();
    await page.getByLabel("Number of a colleague").fill("+49 30 901820");
    await page.getByRole("button", { name: "Call first" }).click();
  };

  await test.step("a colleague who is busy is told on the screen, and the agent goes on", async () => {
    await callColleague();
    await expect(page.getByText("The colleague’s line is busy. The agent goes on with the person.")).toBeVisible();
    expect(await supervisors(phone)).toEqual([]);
  });

  await test.step("a colleague comes, and the person hears neither them nor the briefing", async () => {
    colleague.expected = true;
    await callColleague();
    await expect(page.getByText("Your colleague is on the line", { exact: false })).toBeVisible();
    await expect.poll(() => supervisors(phone)).toEqual([{ heard: false }]);
    const theirs = await colleague.phone!;
    await expect.poll(async () => hums(await loudest(theirs)), { timeout: 30_000 }).toBe(true);
    await page.getByRole("button", { name: "Speak to the colleague" }).click();
    await expect(page.getByText("Your colleague hears you, the person does not", { exact: false })).toBeVisible();
    await expect.poll(() => supervisors(theirs), { timeout: 30_000 }).toEqual([{ heard: true }]);
    expect(await supervisors(phone)).toEqual([{ heard: false }, { heard: false }]);
  });

  await test.step("connected, they hear each other; sent away, the agent has the person again", async () => {
    await page.getByRole("button", { name: "Connect with the person" }).click();
    await expect(page.getByText("Your colleague speaks with the person. The agent is silent and listens.")).toBeVisible();
    await expect.poll(() => supervisors(phone)).toEqual([{ heard: true }]);
    await page.getByRole("group", { name: "A colleague in the call" }).getByRole("button", { name: "Return to the agent" }).click();
    await expect.poll(() => supervisors(phone)).toEqual([]);
    await expect(page.getByRole("log").getByText("sent the colleague away", { exact: false })).toBeVisible();
  });

  await test.step("whoever is signed out is put out", async () => {
    await page.request.post("/api/sign-out-everywhere");
    await expect(page.getByText("You are signed out, or your role has changed.")).toBeVisible();
    await expect(page.locator("audio")).toHaveCount(0);
  });
  expect(sounds.filter((length) => length === 1280), "no sound came through the server").toEqual([]);
});
