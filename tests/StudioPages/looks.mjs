// Every page, wide and narrow, light and dark: nothing in the console, nothing too wide, labels, contrast, roles.
import { address, check, inspect, sizes, assert } from "./browser.mjs";

for (const name of ["runs", "chat", "annotate", "learn"])
  for (const size of Object.keys(sizes))
    for (const scheme of ["light", "dark"])
      await check(`${name} ${size} ${scheme}`, async (page) => {
        await page.goto(`${address}/${name}`);
        await page.waitForSelector("main h1");
        await page.waitForTimeout(1200);
        await inspect(page, `${name}-${size}-${scheme}`);
      }, { size, scheme });

await check("the pages by keyboard", async (page) => {
  await page.goto(`${address}/`);
  assert(page.url().endsWith("/runs"), "the first page is Runs");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert((await page.evaluate(() => document.activeElement?.id)) === "main", "the first link leads to the page itself");
  for (const name of ["Chat", "Annotate", "Learn"]) {
    await page.getByRole("navigation").getByRole("link", { name }).press("Enter");
    await page.waitForSelector(`nav a[aria-current]:text("${name}")`);
  }
});

await check("a policy that runs only what is in the program", async (page) => {
  const response = await page.goto(`${address}/chat`);
  const policy = response.headers()["content-security-policy"];
  assert(policy.includes("default-src 'none'") && policy.includes("script-src 'self'") && !/script-src[^;]*unsafe/.test(policy), policy);
});
