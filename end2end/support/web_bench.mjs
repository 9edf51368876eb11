// Two measurements of the dashboard in Chromium, each a line of JSON:
//
// 1. What a signed-in person waits for: the page loaded into an empty cache until WASM has taken it over, in a fresh
//    browser context each time. Medians in milliseconds since the navigation began, and bytes over the wire.
// 2. Whether it stays fluid: milliseconds between painted frames while nothing happens, and while 500 calls change five
//    times a second each, with 50 rows and with all rows shown. The news is made in the page, in the format of the event
//    stream, so that it is the page that is measured and not who sends it.
//
// usage: node support/web_bench.mjs ONE_TIME_LINK
import { chromium } from "@playwright/test";
import { chromiumOptions } from "./chromium.mjs";
import { hydrated, quantile, signedIn } from "./signed_in.mjs";

const ROUNDS = 9;
const SECONDS = 10;
const CALLS = 500;

const link = process.argv[2];
if (!link) {
  console.error("usage: node support/web_bench.mjs ONE_TIME_LINK");
  process.exit(2);
}
const origin = new URL(link).origin;
const browser = await chromium.launch(chromiumOptions);
const storageState = await signedIn(browser, link);

async function load() {
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
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
  await context.close();
  return { interactive, paint, ...bytes };
}

/** Put in the place of EventSource: news of many calls. */
function makeNews(calls) {
  const id = (call) => `01990000-0000-7000-8000-${String(call).padStart(12, "0")}`;
  const states = ["listening", "thinking", "speaking"];
  window.EventSource = class {
    constructor() {
      this.readyState = 0;
      let event = 1_000_000;
      let turn = 0;
      const send = (batch) => this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(batch) }));
      const said = (call, text) => ({
        id: (event += 1),
        at: Date.now(),
        kind: "sentence_spoken",
        conversation_id: id(call),
        campaign_id: id(0),
        segment: { position: turn, speaker: turn % 2 ? "person" : "agent", text, start_ms: 0, end_ms: 900, interrupted: false, at: Date.now() },
      });
      setTimeout(() => {
        this.readyState = 1;
        this.onopen?.(new Event("open"));
        const started = Array.from({ length: calls }, (_, call) => ({
          id: (event += 1),
          at: Date.now(),
          kind: "call_started",
          call: {
            conversation_id: id(call),
            campaign_id: id(0),
            lead_id: id(call),
            campaign_name: "Spring check-up",
            lead_name: `Person ${call}`,
            phone_number: "+12•••••••45",
            status: "live",
            started_at: Date.now(),
            answered_at: Date.now(),
          },
        }));
        send({ events: started });
        window.makeNews = () =>
          setInterval(() => {
            turn += 1;
            // Half of the calls ten times a second: five changes a second each, one in five of them a sentence.
            const mine = Array.from({ length: calls / 2 }, (_, call) => 2 * call + (turn % 2));
            send({
              events: mine.filter((call) => (call + turn) % 5 === 0).map((call) => said(call, `Sentence ${turn} of call ${call}.`)),
              glimpses: mine.filter((call) => (call + turn) % 5 !== 0).map((call) => ({ kind: "agent_state", conversation_id: id(call), state: states[(call + turn) % 3] })),
            });
          }, 100);
      }, 50);
    }
    close() {}
  };
  Object.assign(window.EventSource, { CONNECTING: 0, OPEN: 1, CLOSED: 2 });
}

/** Milliseconds between painted frames for some seconds. */
const frames = (page) =>
  page.evaluate(
    (seconds) =>
      new Promise((done) => {
        const spans = [];
        const begun = performance.now();
        let last = begun;
        const next = (now) => {
          spans.push(now - last);
          last = now;
          if (now - begun < seconds * 1_000) requestAnimationFrame(next);
          else done(spans.slice(1));
        };
        requestAnimationFrame(next);
      }),
    SECONDS,
  );

const told = (spans) => ({
  frames_a_second: Math.round(spans.length / SECONDS),
  p50_ms: Math.round(quantile(spans, 0.5)),
  p99_ms: Math.round(quantile(spans, 0.99)),
  longest_ms: Math.round(Math.max(...spans)),
});

const loads = [];
for (let round = 0; round < ROUNDS; round += 1) loads.push(await load());
const median = (name) => Math.round(quantile(loads.map((one) => one[name]), 0.5));
console.log(
  JSON.stringify({
    rounds: ROUNDS,
    first_contentful_paint_ms: median("paint"),
    interactive_ms: median("interactive"),
    document_bytes: median("document"),
    wasm_bytes: median("wasm"),
    first_page_bytes: median("all"),
  }),
);

const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
await page.addInitScript(makeNews, CALLS);
await page.goto(`${origin}/`);
await hydrated(page);
await page.getByRole("button", { name: `Show all ${CALLS}` }).waitFor();
const quiet = await frames(page);
await page.evaluate(() => window.makeNews());
const busy = await frames(page);
await page.getByRole("button", { name: `Show all ${CALLS}` }).click();
const all = await frames(page);
const rows = await page.locator("tbody tr").count();
console.log(JSON.stringify({ calls: CALLS, changes_a_second: CALLS * 5, nothing_happens: told(quiet), fifty_rows: told(busy), all_rows: { rows, ...told(all) } }));
await browser.close();
