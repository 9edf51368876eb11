// What managers and administrators do besides the core story, each with what follows from it.
import type { Browser, Page } from "@playwright/test";
import { administrator, adminState, baseURL } from "../support/installation.ts";
import { accessible, expect, hydrated, test } from "../support/test.ts";

/** Opens `path` and waits until it answers to clicks. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

/** A new campaign of this name; returns its path. */
async function campaign(page: Page, name: string): Promise<string> {
  await open(page, "/campaigns/new");
  await page.getByLabel("Name", { exact: true }).first().fill(name);
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  return new URL(page.url()).pathname;
}

/** Pastes rows into the import of a campaign and waits for the page that asks what is in each column. */
async function paste(page: Page, campaignPath: string, rows: string): Promise<void> {
  await open(page, `${campaignPath}/import`);
  await page.getByLabel("Or paste the rows").fill(rows);
  await page.getByRole("button", { name: "Upload" }).click();
  await page.waitForURL("**/imports/*");
}

async function signedIn(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ storageState: adminState, baseURL });
  return context.newPage();
}

// A refusal is an answer, which the browser notes in its console.
test.use({ expectedErrors: [/status of (403|409|410|422)/] });

test.describe("people and roles", () => {
  test("somebody is invited, may do what the role says, is promoted, and is locked out", async ({ page, browser }) => {
    const email = `vera-${Date.now()}@example.com`;
    await open(page, "/users");
    await page.getByText("Invite somebody").click();
    await page.getByLabel("Name", { exact: true }).fill("Vera Viewer");
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("button", { name: "Make an invitation" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    expect(link).toContain("/welcome?token=");
    await accessible(page);

    const context = await browser.newContext({ baseURL, storageState: { cookies: [], origins: [] } });
    const vera = await context.newPage();
    await open(vera, link);
    await vera.getByLabel("New password").fill("short");
    await vera.getByRole("button", { name: "Save and sign in" }).click();
    await expect(vera.getByLabel("Your name")).toHaveValue("Vera Viewer");
    await vera.getByLabel("New password").fill("a long enough password");
    await vera.getByRole("button", { name: "Save and sign in" }).click();
    await expect(vera.getByRole("heading", { name: "Live calls" })).toBeVisible();
    await open(vera, "/campaigns");
    await expect(vera.getByRole("link", { name: "New campaign" })).toHaveCount(0);
    await vera.goto("/users");
    await expect(vera.getByRole("alert")).toBeVisible();
    await vera.goto(link);
    await expect(vera.getByRole("alert").or(vera.getByText("This link"))).toBeVisible();

    const line = page.getByRole("row", { name: "Vera Viewer" });
    await line.getByRole("combobox", { name: "Role of Vera Viewer" }).selectOption("manager");
    await line.getByRole("button", { name: "Change the role of Vera Viewer" }).click();
    await expect(page.getByText("The role was changed.")).toBeVisible();
    await open(vera, "/campaigns");
    await expect(vera.getByRole("link", { name: "New campaign" })).toBeVisible();

    await line.getByRole("button", { name: "Lock out: Vera Viewer" }).click();
    await expect(line.getByText("Locked")).toBeVisible();
    await vera.goto("/campaigns");
    await expect(vera).toHaveURL(/sign-in/);
    await context.close();
  });
});

test("the last administrator cannot take the role away from themselves", async ({ page }) => {
  await open(page, "/users");
  const line = page.getByRole("row", { name: administrator.name });
  await line.getByRole("combobox", { name: `Role of ${administrator.name}` }).selectOption("viewer");
  await line.getByRole("button", { name: "Change the role" }).click();
  await expect(page.getByText(/administrator/i).last()).toBeVisible();
  await page.reload();
  await expect(page.getByRole("combobox", { name: `Role of ${administrator.name}` })).toHaveValue("administrator");
});

test("a number is put on the do-not-call list, found, and taken off with a reason", async ({ page }) => {
  await open(page, "/do-not-call");
  await page.getByText("Add a number").click();
  await page.getByLabel("Phone number").fill("12");
  await page.getByLabel("Why").fill("asked by letter");
  await page.getByRole("button", { name: "Add the number" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("Why")).toHaveValue("asked by letter");
  await page.getByLabel("Phone number").fill("+44 20 7946 0999");
  await page.getByRole("button", { name: "Add the number" }).click();
  await expect(page.getByRole("row", { name: "+442079460999" })).toBeVisible();
  await open(page, "/do-not-call?search=0999");
  await page.getByRole("button", { name: "Remove +442079460999" }).click();
  const dialog = page.getByRole("dialog");
  await accessible(page);
  await dialog.getByLabel("Why").fill("a mistake of ours");
  await dialog.getByRole("button", { name: "Take it off the list" }).click();
  await expect(page.getByRole("row", { name: "+442079460999" })).toHaveCount(0);
  await open(page, "/audit");
  await expect(page.getByText(/do-not-call/).first()).toBeVisible();
});

test("a lead on the do-not-call list is never called, and the reason is told", async ({ page }) => {
  await open(page, "/do-not-call");
  await page.getByText("Add a number").click();
  await page.getByLabel("Phone number").fill("+12125550777");
  await page.getByLabel("Why").fill("asked by letter");
  await page.getByRole("button", { name: "Add the number" }).click();
  await expect(page.getByRole("row", { name: "+12125550777" })).toBeVisible();
  const path = await campaign(page, "Nobody to call");
  await paste(page, path, "phone,name\n+12125550777,Never Called");
  await page.getByRole("button", { name: "Import these rows" }).click();
  await expect(page.getByText("Completed")).toBeVisible();
  await open(page, path);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("alert")).toContainText("do-not-call list");
  await open(page, `${path}/leads`);
  await expect(page.getByRole("row", { name: "Never Called" }).getByText("Do not call")).toBeVisible();
});

test("a lead is added by form, and what was typed stays when it is refused", async ({ page }) => {
  const path = await campaign(page, "One by one");
  await open(page, `${path}/leads`);
  await page.getByText("Add a lead").click();
  await page.getByLabel("Phone number").fill("12");
  await page.getByLabel("Name", { exact: true }).fill("Grace");
  await page.getByRole("button", { name: "Add the lead" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Grace");
  await page.getByLabel("Phone number").fill("(212) 555-0188");
  await page.getByRole("button", { name: "Add the lead" }).click();
  await expect(page.getByRole("row", { name: "Grace" })).toContainText("+12125550188");
});

test("a campaign is duplicated, and deleted as long as nobody was called", async ({ page }) => {
  const path = await campaign(page, "To be copied");
  await page.getByRole("button", { name: "Duplicate" }).click();
  await expect(page).not.toHaveURL(new RegExp(`${path}$`));
  await hydrated(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("To be copied");
  await page.getByRole("link", { name: "To be copied (copy)" }).click();
  await page.getByRole("button", { name: "Delete" }).first().click();
  await page.getByRole("button", { name: "Delete the campaign" }).click();
  await expect(page.getByRole("heading", { name: "Campaigns", level: 1 })).toBeVisible();
});

test("what the agent may do, its language and its budget are chosen, and a host that nobody allowed is refused", async ({ page }) => {
  await open(page, "/settings");
  await page.getByLabel("A minute on the telephone").fill("0.05");
  await page.getByRole("button", { name: "Save the prices" }).click();
  await expect(page.getByText("The prices hold from now on.")).toBeVisible();
  const path = await campaign(page, "With tools");
  await open(page, `${path}/edit`);
  await page.getByLabel("Language", { exact: true }).selectOption("German");
  await page.getByLabel("Put people through to").fill("+1 (415) 555-0123");
  await page.getByLabel("It may press keys, and finds its way through phone menus").check();
  await page.getByLabel("Budget a day").fill("25");
  await page.getByLabel("Look things up at").fill("https://crm.example.com/slots");
  await page.getByLabel("What it knows").fill("Free appointments.");
  const told = page.locator("details").filter({ hasText: "All that a language model is told" });
  await told.locator("summary").click();
  await expect(told).toContainText("Speak German.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("RINGSIDE_LOOK_UP_HOSTS").first()).toBeVisible();
  await expect(page.getByLabel("What it knows")).toHaveValue("Free appointments.");
  await accessible(page);
  await page.getByLabel("Look things up at").fill("");
  await page.getByLabel("What it knows").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "With tools", level: 1 })).toBeVisible();
  await open(page, `${path}/edit`);
  await expect(page.getByLabel("Language", { exact: true })).toHaveValue("de-DE");
  await expect(page.getByLabel("Put people through to")).toHaveValue("+14155550123");
  await expect(page.getByLabel("It may press keys, and finds its way through phone menus")).toBeChecked();
  await expect(page.getByLabel("Budget a day")).toHaveValue(/^25/);
});

test("two people edit one campaign and lose nothing", async ({ page, browser }) => {
  const path = await campaign(page, "Edited by two");
  const other = await signedIn(browser);
  await open(page, `${path}/edit`);
  await open(other, `${path}/edit`);
  await page.getByRole("textbox", { name: "First sentence" }).fill("Good day {{first_name}}, an AI assistant speaks.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`${path}$`));

  await test.step("different fields are merged", async () => {
    await other.getByRole("textbox", { name: "Script" }).fill("Ask about the weather.");
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other.getByText("Saved, together with what")).toBeVisible();
    await expect(other.getByRole("textbox", { name: "First sentence" })).toHaveValue(/Good day/);
  });
  await test.step("the same field is asked for", async () => {
    await open(page, `${path}/edit`);
    await page.getByRole("textbox", { name: "Script" }).fill("Ask about the harvest.");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page).toHaveURL(new RegExp(`${path}$`));
    await other.getByRole("textbox", { name: "Script" }).fill("Ask about the sea.");
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other.getByText("saved other values while you were editing")).toBeVisible();
    await accessible(other);
    await expect(other.getByRole("textbox", { name: "Script" })).toHaveValue("Ask about the sea.");
    await other.getByLabel(/From/).check();
    await expect(other.getByRole("textbox", { name: "Script" })).toHaveValue("Ask about the harvest.");
    await other.getByLabel(/Yours/).check();
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other).toHaveURL(new RegExp(`${path}$`));
  });
  await other.context().close();
});

test("a wrong campaign is refused at its field, and nothing typed is lost", async ({ page }) => {
  await open(page, "/campaigns/new");
  await page.getByLabel("Name", { exact: true }).first().fill("Too eager");
  await page.getByLabel("Calls at the same time").fill("100000");
  await page.getByRole("button", { name: "Create campaign" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("Calls at the same time")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Name", { exact: true }).first()).toHaveValue("Too eager");
});

test("the preview follows the script and names what is missing", async ({ page }) => {
  await open(page, "/campaigns/new");
  await page.getByRole("textbox", { name: "Script" }).fill("Tell {{first_name}} about {{offer}}.");
  await expect(page.getByRole("complementary", { name: "Preview" })).toContainText("offer");
});

test("a large list is uploaded, imported with progress, and cancelled", async ({ page }) => {
  const path = await campaign(page, "A long list");
  await open(page, `${path}/import`);
  const rows = Array.from({ length: 60_000 }, (_, row) => `+1212${String(2_000_000 + row)},Person ${row}`);
  const buffer = Buffer.from(["phone,name", ...rows].join("\n"));
  await page.getByLabel("File, up to 100 MB").setInputFiles({ name: "long.csv", mimeType: "text/csv", buffer });
  await page.getByRole("button", { name: "Upload" }).click();
  await page.waitForURL("**/imports/*");
  await page.getByRole("button", { name: "Import these rows" }).click();
  await expect(page.getByText("Importing")).toBeVisible();
  const added = page.getByRole("status").filter({ hasText: "added" });
  await expect(added).not.toContainText(/^0 leads/);
  await page.getByRole("button", { name: "Cancel the import" }).click();
  await expect(page.getByText("Cancelled", { exact: true })).toBeVisible();
});

test("pasted rows can be discarded before anything is imported", async ({ page }) => {
  const path = await campaign(page, "Second thoughts");
  await paste(page, path, "phone,name\n+12125550188,Grace");
  await page.getByRole("button", { name: "Discard this file" }).click();
  await expect(page.getByText("Cancelled", { exact: true })).toBeVisible();
});

test.describe("the own account", () => {
  test.use({ storageState: { cookies: [], origins: [] }, expectedErrors: [/status of 4(01|22|03)/] });

  test("a wrong password is told, and signing out everywhere ends every session", async ({ page, browser }) => {
    const enter = async (one: Page, password: string) => {
      await one.getByLabel("E-mail address").fill(administrator.email);
      await one.getByLabel("Password", { exact: true }).fill(password);
      await one.getByRole("button", { name: "Sign in" }).click();
    };
    await open(page, "/sign-in?next=%2Faccount");
    await enter(page, "not this one at all");
    await expect(page.getByRole("alert")).toBeVisible();
    await enter(page, administrator.password);
    await expect(page.getByRole("heading", { name: "Account" })).toBeVisible();
    const context = await browser.newContext({ baseURL, storageState: { cookies: [], origins: [] } });
    const elsewhere = await context.newPage();
    await open(elsewhere, "/sign-in");
    await enter(elsewhere, administrator.password);
    await expect(elsewhere.getByRole("heading", { name: "Live calls" })).toBeVisible();
    await open(page, "/account");
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await expect(page).toHaveURL(/sign-in/);
    await elsewhere.goto("/campaigns");
    await expect(elsewhere).toHaveURL(/sign-in/);
    // The other tests go on with a new session.
    await hydrated(page);
    await enter(page, administrator.password);
    await expect(page.getByRole("heading", { name: "Live calls" })).toBeVisible();
    await page.context().storageState({ path: adminState });
    await context.close();
  });
});
