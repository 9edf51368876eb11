// Every page, at each width: it hydrates without a word in the console, axe finds nothing, nothing sticks out.
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";
import { pages } from "../support/pages.ts";

test("every page is whole, accessible in light and dark, and fits", async ({ page, request }) => {
  test.setTimeout(300_000);
  for (const path of await pages(request)) {
    await test.step(path.replace(/[0-9a-f-]{36}/, ":id"), async () => {
      const answer = await page.goto(path);
      expect(answer!.status(), path).toBe(200);
      await hydrated(page);
      await expect(page.locator("h1"), path).toHaveCount(1);
      await accessible(page);
      await fits(page);
    });
  }
});

test.describe("signed out", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("the sign-in page is accessible and fits", async ({ page }) => {
    await page.goto("/sign-in");
    await hydrated(page);
    await accessible(page);
    await fits(page);
  });

  test("every page leads to the sign-in page, and back", async ({ page }) => {
    await page.goto("/conversations");
    await expect(page).toHaveURL(/sign-in\?next=/);
  });
});

test.describe("what does not exist", () => {
  test.use({ expectedErrors: [/404/] });

  test("is told in words, with the status 404", async ({ page }) => {
    const answer = await page.goto("/no-such-page");
    expect(answer!.status()).toBe(404);
    await hydrated(page);
    await accessible(page);
  });
});

test("moving between pages needs no reload", async ({ page, isMobile }) => {
  await page.goto("/");
  await hydrated(page);
  await page.evaluate(() => Object.assign(window, { stillHere: true }));
  const navigation = page.getByRole("navigation").first();
  await navigation.getByRole("link", { name: "Campaigns" }).first().click();
  await expect(page.getByRole("heading", { name: "Campaigns", level: 1 })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
  expect(await page.evaluate(() => "stillHere" in window), `reloaded (${isMobile ? "phone" : "desktop"})`).toBe(true);
});
