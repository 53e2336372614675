// Chat: several models side by side, tokens, distributions, attention; and what was typed is text.
import { address, check, assert, inspect, until } from "./browser.mjs";

async function open(page, ...models) {
  await page.goto(`${address}/chat`);
  const settings = page.getByText("How they write");
  if (!(await page.getByLabel("tokens at most").isVisible())) await settings.click();
  const region = page.getByRole("region", { name: "Models" });
  if (!(await region.getByText("Up to").isVisible())) await region.getByText("Models").click();
  await region.getByRole("checkbox").first().waitFor();
  for (const box of await page.getByRole("region", { name: "Models" }).getByRole("checkbox").all()) await box.setChecked(false);
  for (const name of models) await page.getByRole("checkbox", { name }).setChecked(true);
}

async function say(page, text) {
  await page.getByLabel("What you say").fill(text);
  await page.getByLabel("What you say").press("Enter");
  await done(page);
}

const done = (page) => page.locator('.talk[aria-busy="false"]').waitFor();


for (const size of ["wide", "narrow"])
  await check(`two models side by side, ${size}`, async (page) => {
    await open(page, "made/pretrain", "made/sft");
    await page.getByLabel("tokens at most").fill("24");
    await page.getByLabel("top-k").fill("5");
    await page.getByLabel("top-k").press("Tab");
    await say(page, "Where is Anna?");
    await until("two answers", async () => (await page.locator(".turn.model").count()) === 2);
    const body = page.getByRole("group", { name: "Tokens of made/sft" });
    assert((await body.locator(".token").count()) > 0, "an answer of tokens");
    await body.focus();
    await page.keyboard.press("ArrowRight");
    assert(/%/.test(await page.getByRole("tooltip").innerText()), "how likely a token was");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "What might have come" }).waitFor();
    await until("rules", async () => (await page.getByRole("region", { name: "A look inside" }).innerText()).includes("top-k 5 leaves 5"));
    await until("attention", async () => (await page.locator("canvas.heat").count()) === 1);
    await page.getByLabel("head").selectOption("2");
    await until("another head", async () => /attends to/.test(await page.getByRole("region", { name: "A look inside" }).innerText()));
    await page.keyboard.press("Escape");
    await inspect(page, `chat-two-${size}`);
  }, { size });

await check("the same seed, the same text; and rules change the distribution at once", async (page) => {
  await open(page, "made/sft");
  await page.getByLabel("tokens at most").fill("12");
  const texts = [];
  for (let i = 0; i < 2; i++) {
    await page.getByRole("button", { name: "New" }).click();
    await say(page, "Count to three");
    texts.push(await page.getByRole("group", { name: "Tokens of made/sft" }).innerText());
  }
  assert(texts[0] === texts[1] && texts[0].length > 0, texts.join(" | "));
  await page.locator(".token").first().click();
  await until("a distribution", async () => /temperature 0.8 leaves/.test(await page.getByRole("region", { name: "A look inside" }).innerText()));
  await page.getByLabel("temperature").fill("0");
  await page.getByLabel("temperature").press("Tab");
  await until("the other one", async () => /temperature 0 leaves 1/.test(await page.getByRole("region", { name: "A look inside" }).innerText()));
});

await check("what was typed is text and runs nothing", async (page) => {
  await open(page, "made/pretrain");
  await page.getByRole("combobox", { name: /^as/ }).selectOption("text");
  await page.getByLabel("tokens at most").fill("8");
  const typed = "<img src=x onerror=window.ran=1><script>window.ran=1</script>";
  await say(page, typed);
  assert((await page.locator(".turn.user").innerText()).includes(typed), "it is shown as it was typed");
  assert((await page.evaluate(() => "ran" in window)) === false, "nothing ran");
});

await check("a text that is stopped", async (page) => {
  await open(page, "long");
  await page.getByRole("combobox", { name: /^as/ }).selectOption("text");
  await page.getByLabel("tokens at most").fill("4000");
  await page.getByLabel("What you say").fill("a");
  await page.getByLabel("What you say").press("Enter");
  await until("a token", async () => (await page.locator(".turn.model .token").count()) > 0);
  // At once, and not when the button has stood still for a while.
  await page.getByRole("button", { name: "Stop" }).dispatchEvent("click");
  await done(page);
  assert(!(await page.getByRole("button", { name: "Stop" }).isVisible()), "there is nothing more to stop");
  assert(/stopped/.test(await page.locator(".turn.model .who").innerText()), "it says so");
  assert((await page.locator(".turn.model .token").count()) < 4000, "and what it had written stands");
});

await check("a talk that is begun anew while a model writes stays gone", async (page) => {
  await open(page, "long");
  await page.getByRole("combobox", { name: /^as/ }).selectOption("text");
  await page.getByLabel("tokens at most").fill("4000");
  await page.getByLabel("What you say").fill("a");
  await page.getByLabel("What you say").press("Enter");
  await until("a token", async () => (await page.locator(".turn.model .token").count()) > 0);
  await page.getByRole("button", { name: "New" }).dispatchEvent("click");
  await done(page);
  await page.reload();
  assert((await page.locator(".talk .turn").count()) === 0, "it is gone");
});

await check("a talk is there when the page is loaded again, a chat's and a text's each", async (page) => {
  await open(page, "made/sft");
  await page.getByLabel("tokens at most").fill("12");
  await say(page, "Count to three");
  const texts = [await page.getByRole("group", { name: "Tokens of made/sft" }).innerText()];
  const as = page.getByRole("combobox", { name: /^as/ });
  await as.selectOption("text");
  assert((await page.locator(".talk .turn").count()) === 0, "a text of its own");
  await say(page, "one two ");
  texts.push(await page.getByRole("group", { name: "Tokens of made/sft" }).innerText());
  for (const [mode, at] of [["text", 1], ["chat", 0]]) {
    await page.reload();
    if (!(await as.isVisible())) await page.getByText("How they write").click();
    await as.selectOption(mode);
    const shown = page.getByRole("group", { name: "Tokens of made/sft" });
    await until("the talk", async () => (await shown.count()) === 1);
    assert((await shown.innerText()) === texts[at], `${mode}: ${await shown.innerText()}, and not ${texts[at]}`);
  }
  // It can be looked into, and goes on.
  await page.locator(".token").first().click();
  await until("a distribution", async () => /temperature/.test(await page.getByRole("region", { name: "A look inside" }).innerText()));
  await say(page, "And on");
  assert((await page.locator(".talk .turn").count()) === 4, "the talk goes on");
  await page.getByRole("button", { name: "New" }).click();
  await page.reload();
  assert((await page.locator(".talk .turn").count()) === 0, "a new one is new");
});

await check("what is wrong is said in words", async (page, wanted) => {
  wanted.errors.push("400");
  await open(page, "made/sft");
  await say(page, "x".repeat(2000));
  await page.locator(".note.bad").waitFor();
  assert(/tokens long/.test(await page.locator(".note.bad").innerText()), await page.locator(".note.bad").innerText());
});
