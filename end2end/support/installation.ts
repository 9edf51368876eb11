// The installation that all browser tests share: a real server on its own embedded database.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const project = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const target = resolve(project, process.env.CARGO_TARGET_DIR ?? "target");
const port = process.env.END2END_PORT ?? "3999";

export const baseURL = `http://localhost:${port}`;
/** Of the installation that calls through LiveKit. */
export const livekitURL = `http://localhost:${Number(port) + 1}`;
/** Of the installation with slow calls. */
export const monitorURL = `http://localhost:${Number(port) + 2}`;
export const siteFolder = resolve(process.env.RINGSIDE_SITE_DIR ?? join(target, "site"));
const dataFolder = join(target, "end2end");
export const adminState = join(dataFolder, "administrator.json");
export const linkFile = join(dataFolder, "first-link.txt");
export const screenshotFolder = process.env.SCREENSHOTS ? join(project, "docs/screenshots") : join(dataFolder, "screenshots");
export const administrator = { name: "Ada Admin", email: "ada@example.com", password: "correct horse battery staple" };

type Settings = { url?: string; folder?: string; environment?: Record<string, string> };

/** Starts the server on an empty database; resolves with the one-time link of the first administrator. */
export async function start(settings: Settings = {}): Promise<{ server: ChildProcess; link: string }> {
  const { url = baseURL, folder = "data" } = settings;
  rmSync(join(dataFolder, folder), { recursive: true, force: true });
  mkdirSync(screenshotFolder, { recursive: true });
  const program = process.env.RINGSIDE_SERVER ?? join(target, "debug/server");
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(RINGSIDE_|LIVEKIT_|DATABASE_URL$)/.test(name)),
  );
  const server = spawn(program, [], {
    // Not in the project: a .env there is somebody's own.
    cwd: dataFolder,
    env: {
      ...environment,
      DATABASE_URL: process.env.END2END_DATABASE_URL ?? "",
      RINGSIDE_ADDRESS: `127.0.0.1:${new URL(url).port}`,
      RINGSIDE_PUBLIC_URL: url,
      RINGSIDE_DATA_DIR: join(dataFolder, folder),
      RINGSIDE_SITE_DIR: siteFolder,
      RINGSIDE_REHEARSAL_SPEED: "0.4",
      RINGSIDE_REHEARSAL_ODDS: "interested:3, curious:4, sceptical:2, no_answer:1",
      RINGSIDE_REHEARSAL_CALL_BACKS: "0",
      RINGSIDE_DRAIN_SECONDS: "0",
      RINGSIDE_LOG: "warn",
      ...settings.environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const link = await new Promise<string>((found, failed) => {
    let text = "";
    server.stdout!.on("data", (bytes) => {
      text += bytes;
      const match = text.match(/\S+\/welcome\?token=\S+/);
      if (match) found(match[0]);
    });
    server.once("exit", (code) => failed(new Error(`the server ended with ${code} before it was up:\n${text}`)));
    setTimeout(() => failed(new Error(`no link after five minutes:\n${text}`)), 300_000).unref();
  });
  return { server, link };
}

/** Stops it as Ctrl-C does, and expects a clean end. */
export async function stop(server: ChildProcess): Promise<void> {
  const ended = new Promise<number | null>((end) => server.once("exit", (code) => end(code)));
  server.kill("SIGINT");
  const code = await ended;
  if (code !== 0) throw new Error(`the server ended with ${code}`);
}
