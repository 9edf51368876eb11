// The whole product in one story: the first administrator, a campaign, a list, live calls, listening, a transcript.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";
import { adminState, administrator, linkFile, screenshotFolder } from "../support/installation.ts";

test("a stranger runs a whole campaign", async ({ page, context }) => {
  test.setTimeout(300_000);
  const shot = (name: string) => page.screenshot({ path: join(screenshotFolder, `${name}.png`) });

  await test.step("becomes the administrator by the one-time link", async () => {
    const link = readFileSync(linkFile, "utf8");
    await page.goto(new URL(link).pathname + new URL(link).search);
    await hydrated(page);
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Your name").fill(administrator.name);
    await page.getByLabel("New password").fill(administrator.password);
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
    await context.storageState({ path: adminState });
  });

  await test.step("creates a campaign", async () => {
    await page.goto("/campaigns/new");
    await hydrated(page);
    await page.getByLabel("Name", { exact: true }).first().fill("Spring appointments");
    await accessible(page);
    await shot("campaign-editor");
    await page.getByRole("button", { name: "Create campaign" }).click();
    await expect(page.getByRole("heading", { name: "Spring appointments", level: 1 })).toBeVisible();
  });

  await test.step("imports a list in which two rows are wrong", async () => {
    await page.getByRole("link", { name: "Import", exact: true }).click();
    await page.waitForURL("**/import");
    await hydrated(page);
    const people = Array.from({ length: 60 }, (_, n) => `Person ${n + 1};(415) 555-${String(2600 + n)};p${n}@example.com;Gold`);
    const list = ["Name;Telephone;E-mail;Plan", ...people, "Twice;415-555-2600;;Gold", "Wrong;12;;Gold"].join("\n");
    await page.getByLabel("Or paste the rows").fill(list);
    await page.getByRole("button", { name: /upload|read|go on|continue|import/i }).first().click();
    await page.waitForURL("**/imports/*");
    await hydrated(page);
    await page.getByRole("button", { name: "Import these rows" }).click();
    await expect(page.getByText("Completed").first()).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("table").filter({ hasText: "Wrong" })).toBeVisible();
    await accessible(page);
    await shot("import");
    await page.getByRole("link", { name: "Go to the campaign" }).click();
  });

  await test.step("starts it and watches the calls", async () => {
    await page.waitForURL(/campaigns\/[0-9a-f-]+$/);
    await hydrated(page);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
    await page.goto("/");
    await hydrated(page);
    await expect(page.getByText("Calls are being made")).toBeVisible();
    await expect(page.locator(".live-calls tbody tr").filter({ hasText: "Live" }).first()).toBeVisible({ timeout: 60_000 });
    await fits(page);
  });

  await test.step("opens the monitor, listens, whispers", async () => {
    await expect(page.locator(".live-calls tbody tr").filter({ hasText: "Agent:" }).first()).toBeVisible({ timeout: 60_000 });
    await shot("dashboard");
    const sound = page.waitForEvent("websocket", (socket) => socket.url().includes("/listen/"));
    await page.locator(".live-calls tbody tr").filter({ hasText: "Live" }).last().getByRole("button").first().click();
    const monitor = page.getByRole("dialog");
    await expect(monitor.getByRole("region", { name: "Transcript" }).or(monitor.getByLabel("Transcript")).first()).toBeVisible();
    await monitor.getByRole("button", { name: "Listen", exact: true }).click();
    const socket = await sound;
    const frame = await socket.waitForEvent("framereceived");
    expect(frame.payload.length, "20 ms of stereo sound at 16 kHz").toBe(1280);
    await shot("monitor");
    await page.keyboard.press("Escape");
    await expect(monitor).toBeHidden();
  });

  await test.step("reads and hears a finished call", async () => {
    await expect(page.locator("section", { hasText: "Recent outcomes" }).locator("tbody tr").filter({ hasText: "Completed" }).first())
      .toBeVisible({ timeout: 120_000 });
    await page.goto("/conversations?status=completed");
    await page.locator("tbody tr").first().getByRole("link").first().click();
    await page.waitForURL("**/conversations/*");
    await hydrated(page);
    await expect(page.getByRole("heading", { name: "Transcript" })).toBeVisible();
    await expect(page.getByText("AI assistant of Example Company").first()).toBeVisible();
    const audio = page.locator("audio");
    await audio.evaluate((element: HTMLAudioElement) => element.play());
    await expect.poll(() => audio.evaluate((element: HTMLAudioElement) => element.currentTime)).toBeGreaterThan(0.2);
    const length = await audio.evaluate((element: HTMLAudioElement) => element.duration);
    expect(length).toBeGreaterThan(3);
    await audio.evaluate((element: HTMLAudioElement, to) => { element.currentTime = to; }, length / 2);
    await expect.poll(() => audio.evaluate((element: HTMLAudioElement) => element.currentTime)).toBeGreaterThan(length / 2 - 0.5);
    await audio.evaluate((element: HTMLAudioElement) => element.pause());
    await accessible(page);
    await shot("conversation");
  });
});
