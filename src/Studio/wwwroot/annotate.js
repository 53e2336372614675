// @ts-check
import { main, h, fill, get, field, check, number, remembered, remember, post, poll, tellError, AwayError } from "/studio/base.js";
import { judging } from "/studio/annotate-judge.js";
import { results } from "/studio/annotate-results.js";
import { learning } from "/studio/annotate-learn.js";

const VIEWS = [{ name: "judge", label: "Judge", show: judging }, { name: "results", label: "Results", show: results }, { name: "learn", label: "Learn from it", show: learning }];
/** @type {any[]} */
let sets = [];
/** @type {any[]} */
let models = [];
/** What has to end when another view is shown. @type {(() => void) | null} */
let leave = null;

/** What the address names. */
function addressed() {
  const [, set = "", to = ""] = /^#([^/]*)\/?(.*)$/.exec(location.hash) ?? [];
  return { set: set || remembered("annotate.set", ""), to: VIEWS.some((v) => v.name === to) ? to : "judge" };
}
let { set: chosen, to: view } = addressed();

const choice = h("select", { onchange: () => choose(choice.value, view) });
const tabs = h("div", { class: "row tabs", role: "group", "aria-label": "What to do with the set" });
const place = h("div", {});
const making = h("details", { class: "card making" });
const said = h("div", { role: "status" });

fill(main,
  h("h1", {}, "Annotate"),
  h("div", { class: "row end spread head" }, field("Set of questions", choice), tabs),
  making, said, place);

/** @param {string} name @param {string} to */
function choose(name, to) {
  [chosen, view] = [name, to];
  fill(said);
  remember("annotate.set", name);
  history.replaceState(null, "", name ? `#${name}/${to}` : "#");
  show();
}

function show() {
  leave?.();
  leave = null;
  fill(choice, sets.length === 0 ? h("option", { value: "" }, "none yet") : sets.map((s) => h("option", { value: s.name }, s.error ? `${s.name} (damaged)` : `${s.name}: ${s.questions} questions, ${s.answers} answers each`)));
  const set = sets.find((s) => s.name === chosen);
  choice.value = set ? chosen : "";
  choice.disabled = sets.length === 0;
  fill(tabs, set && VIEWS.map((v) => h("button", { "aria-pressed": String(v.name === view), onclick: () => choose(chosen, v.name) }, v.label)));
  fill(place);
  if (!set) {
    making.open = true;
    fill(place, h("p", { class: "soft" }, sets.length === 0 ? "A set is questions with two to four answers each. Make one; then judge it, alone or with others, and let a model learn from what you said."
      : "Choose a set, or make one."));
    return;
  }
  if (set.error) {
    fill(place, h("p", { class: "note bad", role: "alert" }, `This set cannot be used, and nothing of it is written over: ${set.error}`));
    return;
  }
  const section = h("section", { "aria-label": VIEWS.find((v) => v.name === view)?.label });
  fill(place, section);
  leave = VIEWS.find((v) => v.name === view)?.show(section, set, { models }) ?? null;
}

async function load() {
  try {
    [sets, models] = await Promise.all([get("annotate/sets"), get("models")]);
    if (!sets.some((s) => s.name === chosen) && sets.length === 1) chosen = sets[0].name;
    making.open = sets.length === 0;
    show();
    showMaking();
  } catch (e) {
    tellError(said, e);
    if (e instanceof AwayError) setTimeout(load, 3000);
  }
}

// Making a set: what is typed stays until it is made.
/** @type {any} */
const draft = { name: "", models: [], source: "own", own: 20, questions: "", answers: 2, temperature: 1, tokens: 48, seed: 1, ...remembered("annotate.making", {}) };
/** @param {string} name @param {any} value */
function set(name, value) {
  draft[name] = value;
  remember("annotate.making", draft);
}

/** @param {string} label @param {string} name @param {number} least @param {number} most @param {number} step @param {string} [hint] */
function numberField(label, name, least, most, step, hint) {
  return field(label, h("input", { type: "number", min: least, max: most, step, required: true, value: draft[name], oninput: (/** @type {any} */ e) => set(name, e.target.valueAsNumber) }), hint);
}

function showMaking() {
  const writers = models.filter((m) => !m.judges);
  draft.models = draft.models.filter((/** @type {string} */ m) => writers.some((w) => w.name === m));
  if (draft.models.length === 0 && writers.length > 0) draft.models = [(writers.find((m) => m.kind === "sft") ?? writers.find((m) => m.answers) ?? writers[0]).name];
  const wrong = h("div", {});
  const button = h("button", { class: "main" }, "Make the set");
  const text = h("textarea", { rows: 6, value: draft.questions, "aria-label": "Questions, a line each", placeholder: "What is the capital of France?\nWrite a line about rain.", oninput: (/** @type {any} */ e) => set("questions", e.target.value) });
  const typed = h("div", { class: "stack" }, text, field("or from a file: lines, or JSON rows with a prompt", h("input", { type: "file", accept: ".txt,.json,.jsonl,.ndjson,text/plain,application/json", onchange: async (/** @type {any} */ e) => {
    const file = e.target.files[0];
    if (!file) return;
    text.value = await file.text();
    set("questions", text.value);
  } })));
  const own = numberField("how many", "own", 1, 2000, 1, "those that the first model has not learned");
  const source = h("select", { onchange: (/** @type {any} */ e) => { set("source", e.target.value); which(); } },
    h("option", { value: "own" }, "the model's own, kept for evaluation"), h("option", { value: "typed" }, "typed, or from a file"));
  source.value = draft.source;
  const which = () => { own.hidden = draft.source !== "own"; typed.hidden = draft.source === "own"; };
  which();
  fill(making, h("summary", {}, h("strong", {}, "New set")),
    writers.length === 0 ? h("p", { class: "soft" }, "No run here has a model that writes yet. functional tour makes some in five minutes.")
      : h("form", { class: "stack", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); make(button, wrong); } },
        h("div", { class: "row end" }, field("name", h("input", { value: draft.name, required: true, maxLength: 48, pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]*", title: "letters, digits, - and _", placeholder: "first", oninput: (/** @type {any} */ e) => set("name", e.target.value.trim()) })),
          numberField("answers each", "answers", 2, 4, 1), numberField("temperature", "temperature", 0.05, 10, 0.05), numberField("tokens at most", "tokens", 1, 4096, 1), numberField("seed", "seed", 0, 1e15, 1)),
        h("fieldset", {}, h("legend", {}, "who answers; those who judge are not told"), writers.map((m) => check([m.name, h("small", { class: "soft" }, ` ${m.kind}, step ${number(m.step)}${m.answers ? "" : ", goes on with texts"}`)],
          draft.models.includes(m.name), (on) => set("models", on ? [...draft.models, m.name] : draft.models.filter((/** @type {string} */ x) => x !== m.name))))),
        h("div", { class: "row end" }, field("questions", source), own), typed, wrong, h("p", {}, button)));
}

/** @param {HTMLButtonElement} button @param {HTMLElement} wrong */
async function make(button, wrong) {
  button.disabled = true;
  fill(wrong);
  const name = draft.name;
  try {
    const job = await post("annotate/make", { set: name, models: draft.models, answers: draft.answers, temperature: draft.temperature, tokens: draft.tokens, seed: draft.seed,
      ...(draft.source === "own" ? { own: draft.own } : { questions: draft.questions }) });
    const bar = h("progress", { max: 1, value: 0, "aria-label": "answers" });
    const note = h("span", { role: "status" }, "begins");
    fill(wrong, h("div", { class: "note" }, note, bar, h("button", { type: "button", onclick: () => post("jobs/stop", { id: job.id }).catch((e) => tellError(wrong, e)) }, "Stop")));
    const stop = poll(async () => {
      const now = (await get("jobs")).find((/** @type {any} */ j) => j.id === job.id && j.kind === "study");
      if (now && (now.state === "running" || now.state === "waiting")) {
        note.textContent = now.state === "waiting" ? "waits for what is at work" : now.note;
        bar.value = now.share ?? 0;
        return;
      }
      stop();
      button.disabled = false;
      if (now?.state !== "done") {
        fill(wrong, h("p", { class: "note bad", role: "alert" }, now?.error ?? (now ? "It was stopped, and nothing was made." : "The server was begun again in the middle of this: nothing was made.")));
        return;
      }
      fill(wrong);
      set("name", "");
      set("questions", "");
      chosen = name;
      view = "judge";
      await load();
      making.open = false;
      choose(name, "judge");
      fill(said, now.result.passed_over > 0 && h("p", { class: "note" }, `${now.result.passed_over} questions were passed over: all their answers were the same, or a model could not read them.`));
    }, 700);
  } catch (e) {
    button.disabled = false;
    tellError(wrong, e);
  }
}

window.addEventListener("hashchange", () => choose(addressed().set, addressed().to));
load();
