// A campaign is rehearsed, read, heard, changed, and compared with what it was.
import type { Page } from "@playwright/test";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";

// A refusal is an answer, which the browser notes in its console.
test.use({ expectedErrors: [/status of 422/] });

/** Rehearses, and waits until it is over. */
async function rehearse(page: Page, path: string): Promise<void> {
  await page.goto(`${path}/rehearsal`);
  await hydrated(page);
  await page.getByRole("button", { name: "Rehearse" }).click();
  await expect(page.getByText("A rehearsal is going on.")).toBeVisible();
  await expect(page.getByText("A rehearsal is going on.")).toBeHidden({ timeout: 120_000 });
}

/** Plays only the scenario of this name, once. */
async function only(page: Page, wanted: string): Promise<void> {
  for (const scenario of await page.locator("fieldset").filter({ has: page.getByLabel("How often") }).all()) {
    const name = await scenario.getByLabel("Name", { exact: true }).inputValue();
    await scenario.getByLabel("How often").selectOption(name === wanted ? "1" : "0");
  }
}

test("a changed script shows what changed", async ({ page }) => {
  test.setTimeout(400_000);
  await page.goto("/campaigns/new");
  await hydrated(page);
  await page.getByLabel("Name", { exact: true }).first().fill("Rehearsed");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { name: "Rehearsed", level: 1 })).toBeVisible();
  const path = new URL(page.url()).pathname;

  await page.getByRole("link", { name: "Rehearse" }).click();
  await expect(page.getByText("Nothing was rehearsed yet.")).toBeVisible();
  await hydrated(page);
  await only(page, "Says that it is an AI");
  const expected = page.locator("fieldset").filter({ hasText: "Says that it is an AI" }).getByLabel("What is expected");
  await expected.fill("agent says “AI”\nis very nice");
  await page.getByRole("button", { name: "Rehearse" }).click();
  await expect(page.getByRole("alert")).toContainText("“is very nice” is not understood");
  await accessible(page);
  await expected.fill("agent never says “great offer”\nends within 250 seconds");
  await page.getByRole("button", { name: "Rehearse" }).click();
  await expect(page.getByText("1 of 1 call went as expected.")).toBeVisible({ timeout: 120_000 });
  await accessible(page);
  await fits(page);

  const call = page.locator("details.card").filter({ hasText: "Says that it is an AI (1)" }).last();
  await call.locator("summary").click();
  await expect(call.getByText("Met: agent never says “great offer”.")).toBeVisible();
  await expect(call.getByRole("heading", { name: "Transcript" })).toBeVisible();
  const sound = await call.locator("audio").getAttribute("src");
  const answer = await page.request.get(sound!);
  expect(answer.status()).toBe(200);
  expect(answer.headers()["content-type"]).toBe("audio/ogg");
  expect((await answer.body()).length).toBeGreaterThan(5_000);
  await accessible(page);

  await page.goto(`${path}/edit`);
  await hydrated(page);
  await page.getByLabel("First sentence", { exact: true }).fill("Hello, we have a great offer for you. Do you have a minute?");
  await page.getByRole("button", { name: /^Save/ }).first().click();
  await expect(page.getByRole("heading", { name: "Rehearsed", level: 1 })).toBeVisible();
  await rehearse(page, path);
  await expect(page.getByText("0 of 1 call went as expected.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "1 outcome changed" })).toBeVisible();
  await expect(page.getByText("Not met any more: agent never says “great offer”.")).toBeVisible();
  await accessible(page);
  await fits(page);

  // Nobody was called.
  await page.goto("/conversations");
  await expect(page.getByRole("row", { name: /Rehearsed/ })).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a rehearsal can be asked for and cancelled", async ({ page }) => {
    await page.goto("/campaigns/new");
    await page.getByLabel("Name", { exact: true }).first().fill("Rehearsed without scripts");
    await page.getByRole("button", { name: "Create campaign" }).click();
    await page.getByRole("link", { name: "Rehearse" }).click();
    await page.getByRole("button", { name: "Rehearse" }).click();
    await expect(page.getByText("A rehearsal is going on.")).toBeVisible();
    await page.getByRole("button", { name: "Cancel the rehearsal" }).click();
    await expect(page.getByText("Cancelled").first()).toBeVisible();
  });
});
