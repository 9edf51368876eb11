// The core pages are whole before, and without, any script.
import { expect, test } from "../support/test.ts";
import { administrator } from "../support/installation.ts";

test.describe("signed out", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("signing in works, and a wrong password keeps the address that was typed", async ({ page }) => {
    await page.goto("/");
    await page.waitForURL("**/sign-in**");
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Password").fill("this is not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert").first()).toBeVisible();
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Password").fill(administrator.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
  });
});

test("lists and details are in the first HTML", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Recent outcomes" })).toBeVisible();
  await page.goto("/campaigns");
  await page.getByRole("link", { name: "Spring appointments" }).first().click();
  await expect(page.getByRole("heading", { name: "Spring appointments" })).toBeVisible();
  await page.goto("/conversations?status=completed");
  await page.locator("tbody tr").first().getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "Transcript" })).toBeVisible();
  await expect(page.getByText("AI assistant of Example Company").first()).toBeVisible();
});

test("a campaign can be made without a script", async ({ page }) => {
  await page.goto("/campaigns/new");
  await page.getByLabel("Name", { exact: true }).first().fill("Made without a script");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { name: "Made without a script" })).toBeVisible();
});
