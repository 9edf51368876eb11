import { writeFileSync } from "node:fs";
import { adminState, linkFile, start, stop } from "./installation.ts";

/** Starts the server; the story signs in by the link and leaves its session for all others. */
export default async function setUp(): Promise<() => Promise<void>> {
  const { server, link } = await start();
  writeFileSync(linkFile, link);
  writeFileSync(adminState, JSON.stringify({ cookies: [], origins: [] }));
  return () => stop(server);
}
