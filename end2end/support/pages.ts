// Every page, with what stands in for the ids in its address. A new page gets a row here.
import type { APIRequestContext } from "@playwright/test";

/** The addresses of all pages of the installation that the story left behind. */
export async function pages(request: APIRequestContext): Promise<string[]> {
  const html = async (path: string) => (await request.get(path, { headers: { accept: "text/html" } })).text();
  const id = async (path: string, kind: string) => {
    const found = (await html(path)).match(new RegExp(`/${kind}/([0-9a-f-]{36})`));
    if (!found) throw new Error(`${path} names no ${kind}`);
    return found[1];
  };
  const conversation = await id("/conversations", "conversations");
  // The campaign of the story, which has a history; others may have come since.
  const campaign = await id(`/conversations/${conversation}`, "campaigns");
  const list = await id(`/campaigns/${campaign}/import`, "imports");
  return [
    "/",
    "/campaigns",
    "/campaigns/new",
    `/campaigns/${campaign}`,
    `/campaigns/${campaign}/edit`,
    `/campaigns/${campaign}/leads`,
    `/campaigns/${campaign}/import`,
    `/campaigns/${campaign}/rehearsal`,
    `/imports/${list}`,
    "/conversations",
    `/conversations/${conversation}`,
    `/monitor/${conversation}`,
    "/do-not-call",
    "/users",
    "/account",
    "/settings",
    "/audit",
    "/gallery",
  ];
}
