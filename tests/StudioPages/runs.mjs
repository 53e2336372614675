// Runs: curves of several on one picture, settings, samples, stop and resume.
import { address, check, assert, until } from "./browser.mjs";

await check("curves of two stages on one picture", async (page) => {
  await page.goto(`${address}/runs`);
  for (const stage of ["pretrain", "sft"]) {
    const box = page.getByRole("list", { name: "Runs" }).getByRole("listitem").filter({ has: page.getByRole("heading", { name: "made" }) }).getByRole("checkbox", { name: new RegExp(`^${stage}`) });
    await box.setChecked(true);
  }
  await until("a picture of both", async () => /made\/pretrain .*made\/sft/.test((await page.getByRole("img", { name: /^Training loss/ }).getAttribute("aria-label").catch(() => "")) ?? ""));
  const picture = page.getByRole("img", { name: /^Training loss/ });
  await picture.hover();
  assert(/step .*made\/pretrain: \d/s.test(await page.locator(".tip:visible").innerText()), "numbers under the pointer");
  await picture.focus();
  await page.keyboard.press("ArrowLeft");
  assert(await page.locator(".tip:visible").count() === 1, "numbers under the arrow keys");
  await page.getByRole("cell", { name: "kind", exact: true }).first().waitFor({ state: "detached" }).catch(() => {});
  assert((await page.getByRole("region", { name: "Settings" }).innerText()).includes("made/sft"), "settings side by side");
  assert((await page.getByRole("region", { name: "Samples" }).locator("pre").count()) > 0, "what was written");
});

await check("an answer that comes late is not shown over a newer one", async (page) => {
  // Those for fewer runs take their time.
  let slow = 0;
  await page.route("**/studio/api/runs/settings*", async (route) => {
    if (!(route.request().url().includes("made%2Fpretrain") && route.request().url().includes("made%2Fsft")) && route.request().url().includes("made")) {
      slow++;
      await new Promise((go) => setTimeout(go, 1500));
    }
    await route.continue().catch(() => {});
  });
  await page.goto(`${address}/runs`);
  const run = page.getByRole("list", { name: "Runs" }).getByRole("listitem").filter({ has: page.getByRole("heading", { name: "made" }) });
  for (const stage of ["pretrain", "sft"]) await run.getByRole("checkbox", { name: new RegExp(`^${stage}`) }).setChecked(true);
  const settings = page.getByRole("region", { name: "Settings" });
  await until("settings of both", async () => /made\/pretrain[\s\S]*made\/sft/.test(await settings.innerText()));
  for (const end = Date.now() + 2500; Date.now() < end; await new Promise((go) => setTimeout(go, 50)))
    assert(/made\/pretrain[\s\S]*made\/sft/.test(await settings.innerText()), `settings of both stay: ${(await settings.innerText()).slice(0, 200)}`);
  assert(slow > 0, "there was a late one");
});

await check("more steps, stop, and resume", async (page) => {
  await page.goto(`${address}/runs`);
  const run = page.getByRole("list", { name: "Runs" }).getByRole("listitem").filter({ has: page.getByRole("heading", { name: "single" }) });
  await run.getByRole("button", { name: "Train more" }).click();
  await page.getByLabel("Steps in all").fill("100000");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await run.getByRole("button", { name: "Stop" }).waitFor();
  await until("a step of it at the top", async () => /single: step \d+/.test(await page.locator("#work").innerText()));
  await run.getByRole("button", { name: "Stop" }).click();
  await run.getByRole("button", { name: "Resume" }).waitFor();
  assert(/interrupted/.test(await run.innerText()), await run.innerText());
  await run.getByRole("button", { name: "Resume" }).click();
  await run.getByRole("button", { name: "Stop" }).click();
  await run.getByRole("button", { name: "Resume" }).waitFor();
});
