// The core story: from the one-time link to a transcript that can be heard, as one person lives it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { administrator, adminState, linkFile, screenshotFolder } from "../support/installation.ts";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";

// A number that is none is answered with 422, which the browser reports.
test.use({ storageState: undefined, expectedErrors: [/status of 422/] });
test.describe.configure({ mode: "serial" });

const list = [
  "Name;Telephone;E-mail;City",
  ...Array.from({ length: 24 }, (_, person) => `Person ${person + 1};+1212555${String(130 + person).padStart(4, "0")};p${person}@example.com;Boston`),
  "Nobody;12;nobody@example.com;Nowhere",
  "Person 1 again;(212) 555-0130;again@example.com;Boston",
  '"Line\nBreak";+442079460018;line@example.com;London',
  "",
].join("\r\n");

async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshotFolder, `${name}.png`), animations: "disabled" });
}

test("from the first link to a transcript one can hear", async ({ page, context }) => {
  test.setTimeout(420_000);
  await context.addInitScript(() => {
    const contexts: AudioContext[] = [];
    Object.assign(window, { audioContexts: contexts });
    const Original = window.AudioContext;
    window.AudioContext = class extends Original {
      constructor(options?: AudioContextOptions) {
        super(options);
        contexts.push(this);
      }
    };
  });

  await test.step("sign in by the one-time link", async () => {
    await page.goto(readFileSync(linkFile, "utf8"));
    await hydrated(page);
    await accessible(page);
    await page.getByLabel("Your name").fill(administrator.name);
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("New password").fill(administrator.password);
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
    await context.storageState({ path: adminState });
  });

  await test.step("write a campaign", async () => {
    await page.goto("/campaigns/new");
    await hydrated(page);
    await page.getByLabel("Name", { exact: true }).first().fill("Spring check-up");
    await page.getByRole("textbox", { name: "First sentence" }).fill("Hello {{first_name}}, this is the AI assistant of Example Company. Do you have a minute?");
    await screenshot(page, "campaign-editor");
    await page.getByRole("button", { name: "Create campaign" }).click();
    await expect(page.getByRole("heading", { name: "Spring check-up" })).toBeVisible();
  });
  const campaign = page.url();

  await test.step("import a list, some rows of which are refused", async () => {
    await page.getByRole("link", { name: "Import", exact: true }).click();
    await page.getByLabel("File, up to 100 MB").setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(list) });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/imports/*");
    await expect(page.getByText("semicolon")).toBeVisible();
    await screenshot(page, "import");
    await page.getByRole("button", { name: "Import these rows" }).click();
    await expect(page.getByText("Completed")).toBeVisible();
    await expect(page.getByText("25 leads")).toBeVisible();
    await expect(page.getByText("2 rows")).toBeVisible();
    const refused = await page.request.get(`${page.url()}/refused.csv`);
    const text = await refused.text();
    expect(text).toContain("Nobody");
    expect(text).toContain("Person 1 again");
  });

  await test.step("talk to the agent before anybody is called", async () => {
    await page.goto(campaign);
    await hydrated(page);
    await page.getByRole("button", { name: "Talk to the agent" }).click();
    const trial = page.getByRole("dialog", { name: "Talk to the agent" });
    await expect(trial.getByText("This is a test: no phone rings", { exact: false })).toBeVisible();
    await trial.getByRole("button", { name: "Begin to talk" }).click();
    await expect(trial.getByRole("log").getByText("AI assistant of Example Company").first()).toBeVisible({ timeout: 60_000 });
    await screenshot(page, "talk-to-the-agent");
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page);
    await accessible(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await trial.getByRole("button", { name: "Hang up" }).click();
    await expect(trial.getByRole("heading", { name: "Results" })).toBeVisible();
    await page.goto("/conversations");
    await hydrated(page);
    await expect(page.getByRole("link", { name: /Person/ })).toHaveCount(0);
  });

  await test.step("start it and watch the live dashboard", async () => {
    await page.goto(campaign);
    await hydrated(page);
    await page.getByRole("button", { name: "Start" }).click();
    await expect(page.getByText("Running").first()).toBeVisible();
    await page.goto("/");
    await hydrated(page);
    await expect(page.getByRole("link", { name: /^Monitor the call with/ }).first()).toBeVisible({ timeout: 30_000 });
    await expect(page.getByRole("row", { name: /Agent: / }).first()).toBeVisible({ timeout: 60_000 });
    await screenshot(page, "dashboard");
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "dashboard-dark");
    await page.emulateMedia({ colorScheme: "light" });
  });

  let conversation = "";
  await test.step("listen to a call, whisper, end it", async () => {
    const frames: number[] = [];
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(payload.length)));
    const talking = page.getByRole("row").filter({ hasText: "Agent: " });
    const open = talking.getByRole("link", { name: /^Monitor the call with/ }).last();
    conversation = (await open.getAttribute("href"))!.replace("/monitor/", "");
    await open.click();
    const monitor = page.getByRole("dialog", { name: "Call monitor" });
    await expect(monitor.getByRole("log").locator(".line").first()).toBeVisible();
    await monitor.getByRole("button", { name: "Listen" }).click();
    await expect.poll(() => frames.filter((length) => length === 1280).length, { timeout: 15_000 }).toBeGreaterThan(50);
    expect(await page.evaluate(() => (window as unknown as { audioContexts: AudioContext[] }).audioContexts.map((one) => one.state))).toContain("running");
    await screenshot(page, "call-monitor");
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page);
    await accessible(page);
    await screenshot(page, "call-monitor-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await monitor.getByRole("button", { name: "Whisper" }).click();
    await monitor.getByLabel("Whisper to the agent").fill("Offer Tuesday morning.");
    await monitor.getByRole("button", { name: "Send" }).click();
    await expect(monitor.getByText("Offer Tuesday morning.")).toBeVisible();
    const second = await context.newPage();
    await second.goto(`/monitor/${conversation}`);
    await hydrated(second);
    await expect(second.getByText("Offer Tuesday morning.")).toBeVisible();
    await second.getByRole("button", { name: "Listen" }).click();
    await expect(second.getByRole("button", { name: "Listening – stop" })).toBeVisible();
    await expect(monitor.getByRole("button", { name: "Listening – stop" })).toBeVisible();
    await monitor.getByRole("button", { name: "End call" }).click();
    await monitor.getByRole("group", { name: "End this call?" }).getByRole("button", { name: "End call" }).click();
    await expect(monitor.getByText("The call is over.")).toBeVisible({ timeout: 30_000 });
    await expect(second.getByText("The call is over.")).toBeVisible();
    await second.close();
  });

  await test.step("take a call over, give it back, barge in, put it through", async () => {
    await page.goto("/");
    await hydrated(page);
    const sent: number[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(payload.length)));
    const talking = page.getByRole("row").filter({ hasText: "Agent: " });
    await expect(talking.first()).toBeVisible({ timeout: 60_000 });
    const open = talking.getByRole("link", { name: /^Monitor the call with/ }).last();
    const watched = (await open.getAttribute("href"))!;
    await open.click();
    const monitor = page.getByRole("dialog", { name: "Call monitor" });
    await monitor.getByRole("button", { name: "Take over" }).click();
    await expect(monitor.getByText("You speak with the person. The agent is silent and listens.")).toBeVisible();
    await expect.poll(() => sent.filter((length) => length === 640).length).toBeGreaterThan(25);
    await screenshot(page, "take-over");
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page);
    await accessible(page);
    await screenshot(page, "take-over-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    const second = await context.newPage();
    await second.goto(watched);
    await hydrated(second);
    await expect(second.getByText("You speak with the person. The agent is silent and listens.")).toBeVisible();
    await second.close();

    await monitor.getByRole("button", { name: "Return to the agent" }).click();
    await expect(monitor.getByText("Nobody hears you", { exact: false })).toBeVisible();
    await expect(page.getByText("The agent has the call again. Your microphone is off.")).toBeVisible();
    const silent = sent.length;
    await monitor.getByRole("button", { name: "Speak to the agent" }).click();
    await expect(monitor.getByText("The agent hears you, the person does not.", { exact: false })).toBeVisible();
    await expect.poll(() => sent.length).toBeGreaterThan(silent + 10);
    await monitor.getByRole("button", { name: "Stop speaking to the agent" }).click();

    await monitor.getByRole("button", { name: "Barge in" }).click();
    await expect(monitor.getByText("You, the agent and the person all speak.")).toBeVisible();
    await monitor.getByRole("button", { name: "Transfer" }).click();
    await monitor.getByLabel("Number of a colleague").fill("12");
    await monitor.getByRole("button", { name: "Put through" }).click();
    await monitor.getByRole("button", { name: "Yes, put through" }).click();
    await expect(monitor.getByRole("alert").filter({ hasText: "number" })).toBeVisible();
    await accessible(page);
    await monitor.getByLabel("Number of a colleague").fill("+49 30 901820");
    await monitor.getByRole("button", { name: "Put through" }).click();
    await monitor.getByRole("button", { name: "Yes, put through" }).click();
    await expect(monitor.getByText("The call is over.")).toBeVisible({ timeout: 30_000 });
    await page.goto("/audit");
    for (const act of ["took over call", "barged in on call", "returned to the agent call", "transferred call"]) {
      await expect(page.getByText(act).first()).toBeVisible();
    }
  });

  await test.step("a microphone that is denied is told in a sentence", async () => {
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
    });
    await page.goto("/");
    await hydrated(page);
    const talking = page.getByRole("row").filter({ hasText: "Agent: " });
    await expect(talking.first()).toBeVisible({ timeout: 60_000 });
    await talking.getByRole("link", { name: /^Monitor the call with/ }).last().click();
    const monitor = page.getByRole("dialog", { name: "Call monitor" });
    await monitor.getByRole("button", { name: "Take over" }).click();
    await expect(monitor.getByText("The microphone is blocked for this site.", { exact: false })).toBeVisible();
    await expect(monitor.getByText("You speak with the person", { exact: false })).toBeHidden();
  });

  await test.step("read the call and hear it", async () => {
    await page.goto(`/conversations/${conversation}`);
    await hydrated(page);
    await expect(page.getByRole("heading", { name: "Transcript" })).toBeVisible();
    await expect(page.getByText("AI assistant of Example Company").first()).toBeVisible();
    await expect(page.getByText("Offer Tuesday morning.")).toBeVisible();
    await expect(page.getByText("Allowed").first()).toBeVisible();
    await screenshot(page, "conversation");
    const audio = page.locator("audio");
    await audio.evaluate((element: HTMLAudioElement) => {
      element.muted = true;
      element.currentTime = 2;
      return element.play();
    });
    await expect.poll(() => audio.evaluate((element: HTMLAudioElement) => element.currentTime)).toBeGreaterThan(2.3);
    await audio.evaluate((element: HTMLAudioElement) => element.pause());
    const part = await page.request.get(`/recordings/${conversation}.ogg`, { headers: { range: "bytes=0-3" } });
    expect(part.status()).toBe(206);
    expect(await part.text()).toBe("OggS");
  });

  await test.step("the phone's dashboard", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/");
    await hydrated(page);
    await screenshot(page, "dashboard-phone");
  });

  await test.step("the campaign ends by itself or is stopped", async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(campaign);
    await hydrated(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("Stopped").first()).toBeVisible();
  });
});
