// @ts-check
import { main, h, fill, get, post, poll, chart, table, number, duration, field, remembered, remember, tellError, AwayError } from "/studio/base.js";

const MOST = 6;

/** @type {Set<string>} names of the stages that are looked at */
let chosen = new Set([remembered("runs.chosen", [])].flat());
/** @type {any[]} */
let runs = [];
let seen = "";

const list = h("ul", { class: "runs", "aria-label": "Runs" });
const said = h("div", { role: "status" });
const curves = h("div");
let detailed = remembered("runs.detailed", false);
const settings = h("div");
const samples = h("div", { class: "samples" });
const count = h("p", { class: "soft small" });

fill(main,
  h("h1", {}, "Runs"),
  h("div", { class: "columns" },
    h("section", { class: "card", "aria-label": "Runs" }, count, said, list),
    h("div", { class: "stack" },
      h("section", { "aria-label": "Curves" }, h("h2", {}, "How they learn"), curves),
      h("section", { "aria-label": "Settings" }, h("h2", {}, "Settings side by side"), settings),
      h("section", { "aria-label": "Samples" }, h("h2", {}, "What they write"), samples))));

/** @param {any} run */
function about(run) {
  if (run.error) return h("li", {}, h("h2", {}, run.name), h("p", { class: "bad small" }, run.error));
  const stages = run.stages.map((/** @type {any} */ stage) => stageOf(run, stage));
  return h("li", {}, h("div", { class: "row spread" }, h("h2", {}, run.name), buttons(run)), stages);
}

/** @param {any} run @param {any} stage */
function stageOf(run, stage) {
  const name = run.stages.length > 1 ? stage.name.slice(run.name.length + 1) : stage.kind;
  const share = stage.steps > 0 ? Math.min(1, stage.step / stage.steps) : 0;
  const standing = run.at_work && stage.standing === "running, or broken off" ? "running" : run.elsewhere && run.learning && stage.standing === "running, or broken off" ? "running" : run.elsewhere && stage.standing === "running, or broken off" ? "running in another program"
    : stage.standing === "running, or broken off" ? "broken off" : stage.standing;
  const best = stage.best === null ? "" : ` · ${stage.measure === "validation loss" ? "best loss" : "best reward"} ${number(stage.best)}`;
  const bar = h("span");
  bar.style.width = `${Math.round(100 * share)}%`;
  return h("div", { class: "stage" },
    h("input", { type: "checkbox", id: `run ${stage.name}`, checked: chosen.has(stage.name), disabled: !stage.begun, onchange: (/** @type {any} */ e) => choose(stage.name, e.target) }),
    h("label", { for: `run ${stage.name}` }, name, h("small", {}, `${standing} · step ${number(stage.step)} of ${number(stage.steps)}${best} · ${duration(stage.milliseconds)}`),
      h("div", { class: "bar", "aria-hidden": "true" }, bar)));
}

/** @param {any} run */
function buttons(run) {
  if (run.at_work) return h("button", { onclick: () => act("runs/stop", { run: run.name }, `${run.name} saves and stops`) }, run.at_work.state === "waiting" ? "Take back" : "Stop");
  if (run.elsewhere) return run.learning ? h("a", { href: `/annotate#${run.learning}/learn` }, "in Annotate") : null;
  const open = run.stages.find((/** @type {any} */ s) => s.standing !== "completed");
  if (open && open.begun) return h("button", { onclick: () => act("runs/resume", { run: run.name }, `${run.name} goes on`) }, "Resume");
  const last = run.stages.at(-1);
  if (run.stages.length > 1 || !last.begun) return open ? h("button", { onclick: () => act("runs/resume", { run: run.name }, `${run.name} goes on`) }, "Go on") : null;
  return h("button", { onclick: () => more(run, last) }, "Train more …");
}

/** @param {any} run @param {any} stage */
function more(run, stage) {
  const input = h("input", { type: "number", min: stage.steps + 1, value: stage.steps * 2, required: true });
  const dialog = h("dialog", { "aria-label": `Train ${run.name} more` }, h("form", { onsubmit: (/** @type {Event} */ e) => {
    e.preventDefault();
    dialog.close();
    act("runs/resume", { run: run.name, steps: Number(input.value) }, `${run.name} goes on`);
  } }, h("h2", {}, `Train ${run.name} more`), field("Steps in all", input, `It has done ${number(stage.step)}.`),
    h("p", { class: "row" }, h("button", { class: "main" }, "Train"), h("button", { type: "button", onclick: () => dialog.close() }, "Leave it"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} path @param {any} body @param {string} done */
async function act(path, body, done) {
  try {
    await post(path, body);
    fill(said, h("p", { class: "note" }, done));
    await look();
  } catch (e) {
    tellError(said, e);
  }
}

/** @param {string} name @param {HTMLInputElement} box */
function choose(name, box) {
  if (box.checked && chosen.size >= MOST) {
    box.checked = false;
    fill(said, h("p", { class: "note" }, `Up to ${MOST} are looked at together.`));
    return;
  }
  box.checked ? chosen.add(name) : chosen.delete(name);
  remember("runs.chosen", [...chosen]);
  seen = "";
  show().catch((e) => tellError(curves, e));
}

let listed = "";
async function look() {
  runs = await get("runs");
  const stages = runs.flatMap((r) => r.stages ?? []);
  const known = new Set(stages.map((s) => s.name));
  chosen = new Set([...chosen].filter((n) => known.has(n)));
  // Whoever has chosen nothing sees what learned last.
  if (chosen.size === 0) {
    const last = stages.filter((s) => s.begun && s.changed).sort((a, b) => (a.changed < b.changed ? 1 : -1))[0];
    if (last) chosen.add(last.name);
  }
  const text = JSON.stringify([runs, [...chosen]]);
  if (text !== listed) {
    listed = text;
    const focused = document.activeElement?.id;
    fill(count, runs.length === 0 ? "There are no runs here yet. functional tour makes one with six stages in about five minutes; functional train trains a small model." : `${runs.length} ${runs.length === 1 ? "run" : "runs"}; choose up to ${MOST} to compare.`);
    fill(list, runs.map(about));
    if (focused) document.getElementById(focused)?.focus();
  }
  await show();
}

let asked = 0;
async function show() {
  const names = [...chosen];
  const stages = runs.flatMap((r) => r.stages ?? []).filter((s) => chosen.has(s.name));
  const now = JSON.stringify(stages.map((s) => [s.name, s.step, s.best, s.changed, s.standing]));
  if (now === seen) return;
  const mine = ++asked;
  if (names.length === 0) {
    for (const place of [curves, settings, samples]) fill(place, h("p", { class: "soft" }, "Choose a run."));
    seen = now;
    return;
  }
  const [charts, made, written] = await Promise.all([get("runs/curves", { run: names }), get("runs/settings", { run: names }), get("runs/samples", { run: names })]);
  // Something else was chosen meanwhile, and may be shown already.
  if (mine !== asked) return;
  seen = now;
  const cards = (/** @type {boolean} */ detail) => h("div", { class: "beside" }, charts.filter((/** @type {any} */ c) => c.detail === detail).map((/** @type {any} */ c) => h("div", { class: "card" }, chart(c))));
  if (!curves.querySelector("figure:focus")) fill(curves, charts.length === 0 ? h("p", { class: "soft" }, "There are no numbers yet.") : cards(false),
    charts.some((/** @type {any} */ c) => c.detail) && h("details", { class: "more", open: detailed, ontoggle: (/** @type {any} */ e) => { detailed = e.target.open; remember("runs.detailed", detailed); } }, h("summary", {}, "All other numbers"), cards(true)));
  fill(settings, made.warnings.map((/** @type {string} */ w) => h("p", { class: "note bad" }, w)), made.rows.length === 0 ? h("p", { class: "soft" }, names.length > 1 ? "They are made alike." : "All settings are as they are where nothing is said.")
    : table(made.heads, made.rows.map((/** @type {any} */ r) => r.cells.map((/** @type {string} */ c, /** @type {number} */ i) => (i === 0 ? h("span", { title: r.about ?? "", class: "mono" }, c) : c)))));
  fill(samples, written.map((/** @type {any} */ w) => h("div", {}, names.length > 1 && h("h3", {}, w.name), w.samples.length === 0 ? h("p", { class: "soft" }, "It has written nothing while it learned; the setting sample-every has it write.")
    : w.samples.toReversed().map((/** @type {any} */ s, /** @type {number} */ i) => h("details", { open: i === 0 }, h("summary", {}, `after step ${number(s.step)}`), h("pre", {}, s.text))))));
}

poll(() => look().catch((e) => { if (e instanceof AwayError) throw e; tellError(said, e); }), 2000);
