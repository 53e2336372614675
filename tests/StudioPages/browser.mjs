// What all checks of pages share: a browser, pages on which an error in the console is a failure, and a count.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const [address, shots] = process.argv.slice(2);
export const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const failures = [];
let passed = 0;

export function assert(holds, what) {
  if (!holds) throw new Error(what);
}

export async function until(what, holds, seconds = 20) {
  for (const end = Date.now() + 1000 * seconds; ;) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`still not: ${what}`);
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** A check by its name; what it throws, and what its pages wrote to their consoles, fails it. */
export async function check(name, work, { size = "wide", scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const errors = [];
  const wanted = { errors: [] };
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") errors.push(m.text()); });
  page.on("pageerror", (e) => errors.push(String(e)));
  page.on("request", (r) => { if (!r.url().startsWith(address) && !r.url().startsWith("blob:") && !r.url().startsWith("data:")) errors.push(`asked for ${r.url()}`); });
  try {
    await work(page, wanted);
    const left = errors.filter((e) => !wanted.errors.some((w) => e.includes(w)));
    assert(left.length === 0, `in the console: ${left.join("; ")}`);
    passed++;
  } catch (e) {
    failures.push(name);
    console.error(`FAILED ${name}: ${e.message}\n${e.stack?.split("\n").slice(1, 4).join("\n")}`);
    if (shots) await page.screenshot({ path: `${shots}/failed ${name.replaceAll(/\W+/g, " ")}.png`, fullPage: true }).catch(() => {});
  } finally {
    await context.close();
  }
}

/** Nothing is wider than the page, and what axe finds is nothing. */
export async function inspect(page, name) {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  const [inside, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert(inside <= width, `${name}: the page is ${inside} wide, and the window ${width}`);
  // The policy lets no page have a script of somebody else's; the debugger may.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).join(" | ")}`);
  });
  assert(found.length === 0, `${name}: ${found.join("\n  ")}`);
}

export async function end() {
  await browser.close();
  console.log(`pages: ${passed} passed, ${failures.length} failed`);
  process.exit(failures.length === 0 ? 0 : 1);
}
