// Learn: lessons run from the page, with pictures, laws and sources.
import { address, check, assert, inspect, until } from "./browser.mjs";

async function open(page, name) {
  await page.goto(`${address}/learn#${name}`);
  await page.getByRole("heading", { name: `${Number(name.slice(0, 2))}. ` }).waitFor();
}

const drawn = (page) => until("all pictures", async () => (await page.locator("figure svg").count()) > 0 && (await page.locator(".waits").count()) === 0, 60);

for (const size of ["wide", "narrow"])
  for (const scheme of ["light", "dark"])
    await check(`a lesson, ${size} ${scheme}`, async (page) => {
      await open(page, "01-attention-by-hand");
      await drawn(page);
      await page.getByRole("button", { name: "Run" }).click();
      await page.getByText(/^done in/).waitFor();
      assert(/^Attention by hand\n=+\n[^]*Each word takes its shares/.test(await page.getByRole("region", { name: "What it writes" }).textContent()), "what it writes");
      for (let i = 0; i < 3; i++) await page.locator("form").nth(i).getByRole("button", { name: "Check 100 cases" }).click();
      await until("three laws", async () => (await page.getByText("100 of 100 hold").count()) === 3);
      await page.getByText("AttentionByHand.cs").click();
      await until("its source, letter by letter", async () => (await page.getByRole("region", { name: "AttentionByHand.cs" }).textContent()).includes("public static double[,] Multiply(double[,] a, double[,] b)\n    {"));
      assert((await page.locator("pre.code .k").count()) > 20, "with words of the language told apart");
      await inspect(page, `learn-lesson-${size}-${scheme}`);
    }, { size, scheme });

await check("every lesson has its pictures and fits a telephone", async (page) => {
  await open(page, "02-one-head");
  const names = await page.getByRole("combobox", { name: "Lesson" }).locator("option").evaluateAll((all) => all.map((o) => o.value));
  assert(names.length >= 25, `${names.length} lessons`);
  for (const name of names) {
    await page.getByRole("combobox", { name: "Lesson" }).selectOption(name);
    await page.getByRole("heading", { name: `${Number(name.slice(0, 2))}. ` }).waitFor();
    await drawn(page);
    const [inside, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert(inside <= width, `${name} is ${inside} wide, and the window ${width}`);
    assert(page.url().endsWith(`#${name}`), `${name} has an address`);
  }
}, { size: "narrow" });

await check("by keyboard alone", async (page) => {
  await open(page, "01-attention-by-hand");
  await page.getByRole("navigation", { name: "Lessons" }).getByRole("link", { name: "Returns and advantages" }).press("Enter");
  await until("the heading has the focus", async () => (await page.evaluate(() => document.activeElement?.textContent)) === "15. Returns and advantages on a table");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText(/^done in/).waitFor();
  await page.getByLabel("seed").first().fill("7");
  await page.getByLabel("cases").first().fill("1000");
  await page.getByLabel("cases").first().press("Enter");
  await page.getByText("1000 of 1000 hold").waitFor();
  await page.getByRole("link", { name: "16. PPO, step by step →" }).press("Enter");
  await page.getByRole("heading", { name: "16. PPO" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "15. Returns" }).waitFor();
});

await check("a run and a law are stopped, and a run that is left says nothing any more", async (page) => {
  await open(page, "20-counting-e");
  await page.getByRole("button", { name: "Run" }).click();
  await until("its first words", async () => /A model learns/.test(await page.getByRole("region", { name: "What it writes" }).textContent()));
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("stopped").waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await page.getByRole("navigation", { name: "Lessons" }).getByRole("link", { name: "A whole training step" }).click();
  await page.getByRole("heading", { name: "3. A whole" }).waitFor();
  await page.getByLabel("cases").first().fill("10000");
  await page.getByRole("button", { name: "Check 10000 cases" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText(/^stopped; \d+ held$/).waitFor();
});

await check("a counterexample is shown, and is text", async (page) => {
  const found = { held: 3, cases: 100, seed: 1, counterexample: "<img src=x onerror=window.ran=1> is 1, and not 2", says: "" };
  await page.route("**/studio/api/learn/check", (route) => route.fulfill({ contentType: "text/event-stream", body: `data: {"held":3}\n\ndata: ${JSON.stringify(found)}\n\ndata: [DONE]\n\n` }));
  await open(page, "01-attention-by-hand");
  await page.getByRole("button", { name: "Check 100 cases" }).first().click();
  await page.getByText("case 4 of 100 does not hold:").waitFor();
  await page.getByText(found.counterexample).waitFor();
  assert(!(await page.evaluate(() => window.ran)), "it runs nothing");
  await inspect(page, "learn-counterexample");
});

await check("a lesson that is none", async (page) => {
  await page.goto(`${address}/learn#27-nothing`);
  await page.getByText("There is no lesson 27-nothing.").waitFor();
  await page.getByRole("navigation", { name: "Lessons" }).getByRole("link", { name: "A valley" }).click();
  await page.getByRole("heading", { name: "24. A valley" }).waitFor();
});
