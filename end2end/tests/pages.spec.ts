// Every page: no error in the console, no violation that axe finds, no sideways scrolling; at each width.
import { join } from "node:path";
import { accessible, expect, fits, hydrated, test } from "../support/test.ts";
import { screenshotFolder } from "../support/installation.ts";

const pages: [path: string, heading: string | RegExp][] = [
  ["/", /dashboard/i],
  ["/campaigns", /campaigns/i],
  ["/campaigns/new", /campaign/i],
  ["/conversations", /conversations/i],
  ["/do-not-call", /do.not.call/i],
  ["/users", /users/i],
  ["/account", /account/i],
  ["/settings", /settings/i],
  ["/audit", /audit/i],
];

for (const [path, heading] of pages) {
  test(`page ${path}`, async ({ page }, { project }) => {
    await page.goto(path);
    await hydrated(page);
    await expect(page.getByRole("heading", { name: heading }).first()).toBeVisible();
    await fits(page);
    await page.screenshot({ path: join(screenshotFolder, `${project.name}${path.replaceAll("/", "-")}.png`), fullPage: true });
    await accessible(page);
  });
}

test("the campaign's own pages", async ({ page }, { project }) => {
  await page.goto("/campaigns");
  await hydrated(page);
  await page.getByRole("link", { name: "Spring appointments" }).first().click();
  await page.waitForURL(/campaigns\/[0-9a-f-]+$/);
  const campaign = new URL(page.url()).pathname;
  for (const path of [campaign, `${campaign}/leads`, `${campaign}/import`, `${campaign}/edit`]) {
    await page.goto(path);
    await hydrated(page);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await fits(page);
    const name = path.replace(campaign, "campaign").replaceAll("/", "-");
    await page.screenshot({ path: join(screenshotFolder, `${project.name}-${name}.png`), fullPage: true });
    await accessible(page);
  }
});

test("an address that does not exist says so", async ({ page }) => {
  const answer = await page.request.get("/nowhere", { headers: { accept: "text/html" } });
  expect(answer.status()).toBe(404);
});
