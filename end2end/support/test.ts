// The `test` of all files: it fails on any error in the browser's console, and knows how to look at a page.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

type Extras = {
  /** Errors that this test provokes on purpose; matched against the console's text. */
  expectedErrors: RegExp[];
  watched: void;
};

export const test = base.extend<Extras>({
  expectedErrors: [[], { option: true }],
  watched: [
    async ({ context, expectedErrors }, use) => {
      const errors: string[] = [];
      const watch = (page: Page) => {
        page.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") errors.push(`${page.url()}: ${message.text()}`);
        });
        page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.stack ?? error.message}`));
      };
      context.pages().forEach(watch);
      context.on("page", watch);
      await use();
      const surprising = errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)));
      expect(surprising, "nothing may be written to the browser's console").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Waits until WASM has taken the page over. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset.hydrated === "true");
}

/** No violation of WCAG 2.2 AA that axe can find, in light and in dark. */
export async function accessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
      .analyze();
    const told = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
    expect(told, `${page.url()} in ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
}

/** Nothing makes the page itself scroll sideways. */
export async function fits(page: Page): Promise<void> {
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(needed, `${page.url()} is wider than the window`).toBeLessThanOrEqual(there);
}
