// What a supervisor does in a call besides listening and speaking, in calls that are slow enough for it; and what their pages
// say of recordings in parts and of a trouble.
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { administrator, monitorURL, screenshotFolder, start, stop } from "../support/installation.ts";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";

// A number that is none is answered with 422, which the browser reports.
test.use({ baseURL: monitorURL, storageState: { cookies: [], origins: [] }, expectedErrors: [/status of 422/] });

/** Looks at a state of the page, at both widths, light and dark. */
async function looked(page: Page, name: string): Promise<void> {
  for (const [w, h, s] of [[1280, 800, ""], [390, 844, "-phone"]] as const) {
    await page.setViewportSize({ width: w, height: h });
    await fits(page);
    for (const c of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: c });
      await page.screenshot({ path: join(screenshotFolder, `${name}${s}${c === "dark" ? "-dark" : ""}.png`), animations: "disabled" });
    }
    await page.emulateMedia({ colorScheme: "light" });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}
test("press keys, call a colleague, hear a recording in parts, be told of a trouble", async ({ page }) => {
  test.setTimeout(300_000);
  const { server, link } = await start({
    url: monitorURL,
    folder: "monitor",
    // The embedded database: the other installation has the one that may be configured.
    environment: { DATABASE_URL: process.env.END2END_MONITOR_DATABASE_URL ?? "", RINGSIDE_REHEARSAL_SPEED: "0.35", RINGSIDE_REHEARSAL_ODDS: "curious:1" },
  });
  try {
    await page.goto(link);
    await hydrated(page);
    await page.getByLabel("Your name").fill(administrator.name);
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("New password").fill(administrator.password);
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
    const day = { from: 480, to: 1260 };
    const content = {
      name: "Spring", script: "Ask whether they want an appointment.", opening: "Hello {{first_name}}, this is the AI assistant of Example Company. I am calling about your yearly service.", voicemail_message: "", voicemail_policy: "hang_up", result_fields: [], hours: { days: Array(7).fill(day) }, max_concurrent_calls: 2, calls_per_ten_seconds: 10, retries: [], ring_seconds: 30, max_call_seconds: 240, default_country: "US" };
    const created = await page.request.post("/api/campaigns/create", { data: { content } });
    const id = await created.json();
    for (const n of ["+12125550130", "+12125550131", "+12125550132"]) await page.request.post("/api/leads/add", { form: { campaign: id, "lead[name]": "Person", "lead[phone_number]": n } });
    await page.request.post("/api/campaigns/command", { form: { id, command: "start" } });
    const talking = page.getByRole("row").filter({ hasText: "Agent: " });
    await expect(talking.first()).toBeVisible({ timeout: 60_000 });
    const open = talking.getByRole("link", { name: /^Monitor the call with/ }).last();
    const conversation = (await open.getAttribute("href"))!.replace("/monitor/", "");
    await open.click();
    const monitor = page.getByRole("dialog", { name: "Call monitor" });
    await monitor.getByRole("button", { name: "Keypad" }).click();
    await expect(monitor.getByRole("button", { name: "1", exact: true })).toBeFocused();
    await monitor.getByRole("button", { name: "4", exact: true }).click();
    await page.keyboard.press("2");
    await page.keyboard.press("#");
    await expect(monitor.getByText("Pressed: 42#")).toBeVisible();
    await expect(monitor.getByRole("log").getByText("Ada Admin pressed 42#")).toBeVisible();
    await looked(page, "keypad");
    await monitor.getByRole("button", { name: "Transfer" }).click();
    await monitor.getByLabel("Number of a colleague").fill("112");
    await monitor.getByRole("button", { name: "Call first" }).click();
    await expect(monitor.getByRole("alert").filter({ hasText: "number" })).toBeVisible();
    await monitor.getByLabel("Number of a colleague").fill("+49 30 901820");
    await looked(page, "transfer");
    await monitor.getByRole("button", { name: "Call first" }).click();
    await expect(monitor.getByText("A colleague’s phone rings.", { exact: false })).toBeVisible();
    await expect(monitor.getByText("Your colleague is on the line", { exact: false })).toBeVisible({ timeout: 40_000 });
    await looked(page, "colleague");
    await monitor.getByRole("button", { name: "Connect with the person" }).click();
    await expect(monitor.getByText("Your colleague speaks with the person. The agent is silent and listens.")).toBeVisible();
    await expect(monitor.getByRole("button", { name: "Take over" })).toBeDisabled();
    await looked(page, "connected");
    await accessible(page);
    await monitor.getByRole("group", { name: "A colleague in the call" }).getByRole("button", { name: "Return to the agent" }).click();
    await expect(monitor.getByText("Your colleague speaks with the person.", { exact: false })).toBeHidden();
    await monitor.getByRole("button", { name: "End call" }).click();
    await looked(page, "end-call");
    await monitor.getByRole("group", { name: "End this call?" }).getByRole("button", { name: "End call" }).click();
    await expect(monitor.getByText("The call is over.")).toBeVisible({ timeout: 60_000 });
    await page.goto("/audit");
    const acts = ["pressed a key in call", "called a colleague into call", "connected a colleague in call", "dismissed a colleague from call"];
    for (const act of acts) await expect(page.getByText(act).first()).toBeVisible();
    // As if another worker had gone on with the call: what comes after a hole is the same sound once more.
    let length = 0;
    await page.route("**/api/conversations/get", async (route) => {
      const answer = await route.fetch();
      const view = await answer.json();
      const [first] = view.recordings;
      length = first.duration_ms;
      view.recordings.push({ ...first, url: `${first.url}?further`, starts_ms: length + 9_000 });
      await route.fulfill({ response: answer, json: view });
    });
    await page.goto("/conversations");
    await hydrated(page);
    await page.locator(`a[href="/conversations/${conversation}"]`).first().click();
    await expect(page.getByText("another went on with it", { exact: false })).toBeVisible();
    await looked(page, "recording-in-parts");
    const audio = page.locator("audio");
    const now = () => audio.evaluate((e: HTMLAudioElement) => [e.currentSrc.endsWith("?further"), e.currentTime] as const);
    await audio.evaluate((e: HTMLAudioElement) => { e.muted = true; });
    await page.getByRole("link", { name: /^Part 2:/ }).click();
    await expect.poll(async () => (await now())[0]).toBe(true);
    await page.getByRole("link", { name: /^Part 1:/ }).click();
    await expect.poll(async () => (await now())[0]).toBe(false);
    await audio.evaluate((e: HTMLAudioElement, s) => { e.currentTime = s; return e.play(); }, length / 1_000 - 0.5);
    await expect.poll(now, { timeout: 20_000 }).toEqual([true, expect.any(Number)]);
    await expect.poll(async () => (await now())[1]).toBeGreaterThan(0.3);
    await page.route("**/api/settings/trouble", (route) => route.fulfill({ json: { voices: "The language model does not answer. Check OPENAI_CHAT_BASE_URL.", network: null } }));
    for (const path of ["/", `/campaigns/${id}`]) {
      await page.goto(path);
      await hydrated(page);
      await expect(page.getByText("No campaign starts a new call", { exact: false })).toBeVisible();
      await looked(page, path === "/" ? "trouble-dashboard" : "trouble-campaign");
    }
  } finally {
    // A page that is still open would complain that the server is gone.
    await page.goto("about:blank");
    await stop(server);
  }
});
