// The core of the product before WASM has arrived, or where it never will.
import { administrator } from "../support/installation.ts";
import { pages } from "../support/pages.ts";
import { expect, fits, test } from "../support/test.ts";

test("every page shows its data", async ({ page, request }) => {
  test.setTimeout(120_000);
  for (const path of await pages(request)) {
    const answer = await page.goto(path);
    expect(answer!.status(), path).toBe(200);
    await expect(page.locator("h1"), path).toHaveCount(1);
    if (path !== "/gallery") {
      await expect(page.getByRole("alert"), path).toHaveCount(0);
      await expect(page.locator(".skeleton"), path).toHaveCount(0);
    }
    await fits(page);
  }
});

test("the conversation can be read", async ({ page }) => {
  await page.goto("/conversations");
  await page.locator("tbody a").first().click();
  await expect(page.getByRole("heading", { name: "Transcript" })).toBeVisible();
});

test("a campaign can be written, and a wrong one says what is wrong", async ({ page }) => {
  await page.goto("/campaigns/new");
  await page.getByLabel("Name", { exact: true }).first().fill("Too eager");
  await page.getByLabel("Calls at the same time").fill("100000");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.goto("/campaigns/new");
  await page.getByLabel("Name", { exact: true }).first().fill("Without scripts");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { name: "Without scripts" })).toBeVisible();
});

test.describe("signed out", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("one can sign in, with the wrong password first", async ({ page }) => {
    await page.goto("/account");
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Password", { exact: true }).fill("not this one at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Password", { exact: true }).fill(administrator.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page).not.toHaveURL(/sign-in/);
  });
});
