import { defineConfig } from "@playwright/test";
import { chromiumOptions } from "./support/chromium.mjs";
import { adminState, baseURL } from "./support/installation.ts";

const chromium = { browserName: "chromium" as const, launchOptions: chromiumOptions };
const desktop = { ...chromium, viewport: { width: 1280, height: 800 } };
const phone = { ...chromium, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

// One installation serves all tests, and the story in story.spec.ts fills it; so the projects follow one another.
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  globalSetup: "./support/global-setup.ts",
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: { baseURL, storageState: adminState, trace: "retain-on-failure", locale: "en-GB", timezoneId: "Europe/Berlin" },
  projects: [
    { name: "story", testMatch: "story.spec.ts", use: desktop },
    // With an installation of its own.
    { name: "livekit", testMatch: "livekit.spec.ts", use: desktop },
    // With another, in which calls are slow.
    { name: "monitor", testMatch: "monitor.spec.ts", use: desktop },
    { name: "management", testMatch: "management.spec.ts", use: desktop, dependencies: ["story"] },
    { name: "rehearsal", testMatch: "rehearsal.spec.ts", use: desktop, dependencies: ["story"] },
    { name: "desktop", testMatch: "pages.spec.ts", use: desktop, dependencies: ["story"] },
    { name: "phone", testMatch: "pages.spec.ts", use: phone, dependencies: ["story"] },
    {
      name: "without javascript",
      testMatch: "without_javascript.spec.ts",
      use: { ...desktop, javaScriptEnabled: false },
      dependencies: ["story"],
    },
  ],
});
