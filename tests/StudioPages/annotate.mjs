// Annotate: a set is made and judged by two people, with keys alone; judgements outlive the server's absence; a model learns from them, and what changed is shown.
import { address, check, assert, inspect, until } from "./browser.mjs";

const name = `set${Date.now()}`;

async function make(page, set, { own = 8, answers = 2 } = {}) {
  await page.goto(`${address}/annotate`);
  await page.getByLabel("name", { exact: true }).waitFor({ state: "attached" });
  if (!(await page.getByLabel("name", { exact: true }).isVisible())) await page.getByText("New set").click();
  await page.getByLabel("name", { exact: true }).fill(set);
  for (const box of await page.getByRole("group", { name: /who answers/ }).getByRole("checkbox").all()) await box.setChecked(false);
  await page.getByRole("group", { name: /who answers/ }).getByRole("checkbox", { name: /made\/sft/ }).setChecked(true);
  await page.getByLabel("answers each", { exact: true }).fill(`${answers}`);
  await page.getByLabel("temperature").fill("1.5");
  await page.getByLabel("tokens at most").fill("12");
  await page.getByLabel("how many").fill(`${own}`);
  await page.getByRole("button", { name: "Make the set" }).click();
  await page.getByLabel("your name").or(page.locator(".asked")).first().waitFor({ timeout: 60_000 });
}

async function open(page, set, who, view = "judge") {
  await page.goto(`${address}/annotate#${set}/${view}`);
  if (view !== "judge") return;
  await page.getByLabel("your name").or(page.locator(".asked")).first().waitFor();
  if (await page.getByLabel("your name").isVisible()) {
    await page.getByLabel("your name").fill(who);
    await page.getByLabel("your name").press("Enter");
    await page.locator(".asked").waitFor();
  }
}

/** Waits until a judgement is told to be kept. */
const kept = (page, done) => until(`${done} are kept`, async () => new RegExp(`Saved. ${done} of|All done`).test(await page.getByRole("main").innerText()));

await check("a set is made and judged with keys alone", async (page) => {
  await make(page, name);
  await page.getByLabel("your name").fill("ann");
  await page.keyboard.press("Enter");
  await page.locator(".asked").waitFor();
  await inspect(page, "annotate-judge-wide");
  assert(!/made\/sft/.test(await page.getByRole("region", { name: "Judge" }).innerText()), "nobody is told who answers");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  const first = await page.locator(".asked").innerText();
  await page.keyboard.press("2");
  await kept(page, 1);
  await page.keyboard.press("Backspace");
  await until("it is asked again", async () => (await page.locator(".asked").innerText()) === first);
  await page.keyboard.press("4");
  await kept(page, 1);
  await page.keyboard.press("s");
  await kept(page, 2);
  await page.keyboard.press("f");
  await page.keyboard.type("odd");
  await page.keyboard.press("Enter");
  await kept(page, 3);
  await page.keyboard.press("e");
  await page.getByLabel("your answer in place of A").fill("better <b>than</b> that");
  await page.getByRole("button", { name: "Save my answer" }).press("Enter");
  await kept(page, 4);
  for (let i = 5; i <= 8; i++) {
    if ((await page.locator(".asked").count()) === 0) break;
    await page.keyboard.press(["1", "2", "4", "5"][i % 4]);
    await kept(page, i);
  }
  await page.getByText("All done").waitFor();
  await inspect(page, "annotate-done-wide");
});

await check("a second person on a small screen, and the results", async (page) => {
  await open(page, name, "bob");
  await inspect(page, "annotate-judge-narrow");
  for (let i = 1; i <= 8 && (await page.locator(".asked").count()) > 0; i++) {
    await page.getByRole("group", { name: "Which is better?" }).getByRole("button").nth(i % 2).click();
    await kept(page, i);
  }
  await page.getByRole("link", { name: "See the results" }).click();
  await page.getByRole("heading", { name: "Agreement" }).waitFor();
  const text = await page.getByRole("region", { name: "Results" }).innerText();
  assert(/ann/.test(text) && /bob/.test(text) && /Krippendorff/.test(text) && /odd/.test(text), text);
  await inspect(page, "annotate-results-narrow");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the judgements" }).click()]);
  assert(download.suggestedFilename() === `${name}.jsonl`, download.suggestedFilename());
}, { size: "narrow" });

await check("while the server is away, what was said and typed is kept", async (page, wanted) => {
  wanted.errors.push("ERR_INTERNET_DISCONNECTED");
  await open(page, name, "eve");
  await page.keyboard.press("f");
  await page.keyboard.type("half a not");
  await page.reload();
  await page.getByLabel("Somebody else should look at this").waitFor();
  assert((await page.getByLabel("Somebody else should look at this").inputValue()) === "half a not", "what was typed is there again");
  await page.keyboard.press("Escape");
  await page.context().setOffline(true);
  await page.keyboard.press("1");
  await page.getByText("The server is away").waitFor();
  await page.context().setOffline(false);
  await kept(page, 1);
  await page.reload();
  await page.locator(".asked").waitFor();
  assert(/^2 of/.test(await page.getByText(/of \d+/).first().innerText()), "it is there once");
});

await check("four answers have grades", async (page) => {
  await make(page, `${name}-4`, { own: 3, answers: 4 });
  await open(page, `${name}-4`, "ann");
  await page.keyboard.press("5");
  await page.keyboard.press("1");
  await page.keyboard.press("0");
  for (const key of ["3", "1", "5", "3"]) await page.keyboard.press(key);
  await inspect(page, "annotate-grades-wide");
  await page.keyboard.press("Enter");
  await kept(page, 1);
}, { scheme: "dark" });

await check("a model learns from it, and what changed is shown", async (page) => {
  await open(page, name, "ann", "learn");
  await page.getByText("Settings").click();
  await page.getByLabel("begin with").selectOption("made/sft");
  await page.getByLabel("steps of the judge").fill("4");
  await page.getByLabel("steps of the policy").fill("4");
  await page.getByRole("button", { name: "Train" }).click();
  await page.getByRole("heading", { name: "What changed" }).waitFor({ timeout: 120_000 });
  const text = await page.getByRole("region", { name: "Learn from it" }).innerText();
  assert(/The judge prefers the new answer in/.test(text) && /before/.test(text), text);
  await inspect(page, "annotate-learn-wide");
  await page.reload();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
});

await check("what changed, on a small screen", async (page) => {
  await open(page, name, "ann", "learn");
  await page.getByRole("heading", { name: "What changed" }).waitFor();
  await inspect(page, "annotate-learn-narrow");
}, { size: "narrow", scheme: "dark" });

await check("what cannot be made is said in words", async (page, wanted) => {
  wanted.errors.push("409");
  await page.goto(`${address}/annotate#${name}/judge`);
  await page.getByText("New set").click();
  await page.getByLabel("name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Make the set" }).click();
  await page.getByText(/there is one called/).waitFor();
});
