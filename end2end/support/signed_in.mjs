// A signed-in browser for measurements, on an installation of their own.

/** Waits until WASM has taken the page over. */
export const hydrated = (page) => page.waitForFunction(() => document.documentElement.dataset.hydrated === "true");

/** Becomes the first administrator by the one-time link; returns the state that other contexts are signed in with. */
export async function signedIn(browser, link) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await hydrated(page);
  await page.getByLabel("Your name").fill("Bench");
  await page.getByLabel("E-mail address").fill("bench@example.com");
  await page.getByLabel("New password").fill("a password for an hour");
  await page.getByRole("button", { name: "Save and sign in" }).click();
  await page.getByRole("heading", { name: "Live calls" }).waitFor();
  const storageState = await context.storageState();
  await context.close();
  return storageState;
}

/** The value below which `share` of the `values` lie. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
