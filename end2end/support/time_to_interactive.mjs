// What a signed-in person waits for: the dashboard, loaded into an empty cache until WASM has taken it over, several
// times in a fresh browser context. Prints one line of JSON: medians in milliseconds since the navigation began, and what
// came over the wire in bytes.
//
// usage: node support/time_to_interactive.mjs ONE_TIME_LINK [ROUNDS]
import { chromium } from "@playwright/test";
import { chromiumOptions } from "./chromium.mjs";

const [link, rounds] = [process.argv[2], Number(process.argv[3] ?? 9)];
if (!link || !(rounds > 0)) {
  console.error("usage: node support/time_to_interactive.mjs ONE_TIME_LINK [ROUNDS]");
  process.exit(2);
}
const origin = new URL(link).origin;
const browser = await chromium.launch(chromiumOptions);
const hydrated = (page) => page.waitForFunction(() => document.documentElement.dataset.hydrated === "true");

const door = await browser.newContext();
const first = await door.newPage();
await first.goto(link);
await hydrated(first);
await first.getByLabel("Your name").fill("Bench");
await first.getByLabel("E-mail address").fill("bench@example.com");
await first.getByLabel("New password").fill("a password for an hour");
await first.getByRole("button", { name: "Save and sign in" }).click();
await first.getByRole("heading", { name: "Live calls" }).waitFor();
const storageState = await door.storageState();
await door.close();

const runs = [];
for (let round = 0; round < rounds; round += 1) {
  const context = await browser.newContext({ storageState });
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const kinds = new Map();
  const bytes = { document: 0, wasm: 0, all: 0 };
  network.on("Network.responseReceived", ({ requestId, type, response }) => {
    kinds.set(requestId, response.mimeType === "application/wasm" ? "wasm" : type.toLowerCase());
  });
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    const kind = kinds.get(requestId);
    if (kind in bytes) bytes[kind] += encodedDataLength;
  });
  await page.goto(`${origin}/`, { waitUntil: "commit" });
  await hydrated(page);
  const interactive = await page.evaluate(() => performance.now());
  const paints = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime));
  runs.push({ interactive, paint: paints[0] ?? Number.NaN, ...bytes });
  await context.close();
}
await browser.close();

const median = (name) => runs.map((run) => run[name]).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
console.log(
  JSON.stringify({
    rounds,
    first_contentful_paint_ms: Math.round(median("paint")),
    interactive_ms: Math.round(median("interactive")),
    document_bytes: median("document"),
    wasm_bytes: median("wasm"),
    first_page_bytes: median("all"),
  }),
);
