// @ts-check
import { main, h, fill, get, stream, field, check, number, visible, remembered, remember, tellError, AwayError } from "/studio/base.js";
import { nextPanel, attentionPanel } from "/studio/look.js";

const MOST = 4;
/** @type {any[]} */
let models = [];
/** @type {Set<string>} */
let chosen = new Set([remembered("chat.models", [])].flat());
/** @type {{who: "user" | "model", text: string, texts?: any[]}[]} what was said, with what each model answered */
let talk = [];
// A tab keeps its chat and its text until they are begun anew, also when it is loaded again.
const talkName = (/** @type {string} */ mode) => `functional.talk.${mode}`;
/** @param {any[]} said @param {string} mode */
function keep(said, mode) {
  try {
    sessionStorage.setItem(talkName(mode), JSON.stringify(said, (name, value) => (name === "span" ? undefined : value)));
  } catch {
    // One that has no room for it forgets it with the page.
  }
}
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(talkName(values.mode)) ?? "[]");
  } catch {
    return [];
  }
}
/** @type {AbortController | null} */
let writing = null;

const RULES = [
  { name: "temperature", label: "temperature", least: 0, most: 2, step: 0.05, usual: 0.8, off: 1, hint: "0 takes the likeliest" },
  { name: "top_k", label: "top-k", least: 0, most: 200, step: 1, usual: 0, off: 0, hint: "0: all" },
  { name: "top_p", label: "top-p", least: 0.05, most: 1, step: 0.05, usual: 1, off: 1, hint: "1: all" },
  { name: "min_p", label: "min-p", least: 0, most: 1, step: 0.01, usual: 0, off: 0, hint: "0: all" },
  { name: "typical_p", label: "typical-p", least: 0.05, most: 1, step: 0.05, usual: 1, off: 1, hint: "1: all" },
  { name: "repetition_penalty", label: "repetition", least: 0.5, most: 3, step: 0.05, usual: 1, off: 1, hint: "1: none" },
  { name: "presence_penalty", label: "presence", least: -2, most: 2, step: 0.1, usual: 0, off: 0, hint: "0: none" },
  { name: "frequency_penalty", label: "frequency", least: -2, most: 2, step: 0.1, usual: 0, off: 0, hint: "0: none" },
];
const values = { max_tokens: /** @type {number | null} */ (null), seed: 1, mode: "chat", system: "", marked: false, ...Object.fromEntries(RULES.map((r) => [r.name, r.usual])), ...remembered("chat.values", {}) };
/** @param {string} name @param {any} value */
function set(name, value) {
  /** @type {any} */ (values)[name] = value;
  remember("chat.values", values);
}

const list = h("div", { class: "models stack" });
const chosenText = h("small", { class: "soft" });
const said = h("div", { role: "status" });
const place = h("div", { class: "talk", role: "log", "aria-label": "What was said", "aria-busy": "false" });
const looked = h("div", { class: "stack" });
const prompt = h("textarea", { rows: 3, placeholder: "Ask something …", "aria-label": "What you say", onkeydown: (/** @type {KeyboardEvent} */ e) => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  send();
} });
const sendButton = h("button", { class: "main", onclick: () => send() }, "Send");
// A button of its own, behind all others: whoever means to stop what ends at that moment begins nothing.
const stopButton = h("button", { onclick: () => writing?.abort(), hidden: true }, "Stop");
/** @param {boolean} on */
function busy(on) {
  [sendButton.disabled, stopButton.hidden] = [on, !on];
  place.setAttribute("aria-busy", `${on}`);
}

/** @param {any} rule */
function ruleField(rule) {
  return field(rule.label, h("input", { type: "number", min: rule.least, max: rule.most, step: rule.step, value: values[/** @type {"seed"} */ (rule.name)], onchange: (/** @type {any} */ e) => {
    const value = Math.min(rule.most, Math.max(rule.least, Number.isFinite(e.target.valueAsNumber) ? e.target.valueAsNumber : rule.off));
    e.target.value = value;
    set(rule.name, value);
    again();
  } }), rule.hint);
}

const modes = h("select", { onchange: (/** @type {any} */ e) => { writing?.abort(); set("mode", e.target.value); open(); } },
  h("option", { value: "chat" }, "a chat"), h("option", { value: "text" }, "a text that goes on"));
modes.value = values.mode;

fill(main,
  h("h1", {}, "Chat"),
  h("div", { class: "columns" },
    h("div", { class: "stack" },
      h("section", { class: "card", "aria-label": "Models" }, h("details", { open: innerWidth > 830 }, h("summary", {}, h("h2", { class: "inline" }, "Models"), chosenText), h("p", { class: "soft small" }, `Up to ${MOST} answer side by side.`), list)),
      h("section", { class: "card", "aria-label": "How they write" }, h("details", { open: innerWidth > 830 }, h("summary", {}, h("h2", { class: "inline" }, "How they write")),
        h("div", { class: "rules" }, field("as", modes),
          field("tokens at most", h("input", { type: "number", min: 1, max: 4096, value: values.max_tokens ?? "", placeholder: "usual", onchange: (/** @type {any} */ e) => set("max_tokens", e.target.value === "" ? null : Math.max(1, Math.min(4096, e.target.valueAsNumber || 1))) }), "usual: half the context"),
          field("seed", h("input", { type: "number", min: 0, value: values.seed, onchange: (/** @type {any} */ e) => set("seed", Math.max(0, Math.floor(e.target.valueAsNumber || 0))) })),
          RULES.map(ruleField)),
        field("system", h("input", { value: values.system, placeholder: "what holds throughout", onchange: (/** @type {any} */ e) => set("system", e.target.value) })),
        check("mark tokens that the model doubted", values.marked, (on) => { set("marked", on); place.classList.toggle("marked", on); })))),
    h("div", { class: "stack" },
      h("section", { "aria-label": "Chat" }, place, said, h("div", { class: "row end" }, h("div", { class: "grow" }, prompt), sendButton, h("button", { onclick: () => begin() }, "New"), stopButton)),
      h("section", { "aria-label": "A look inside" }, looked))));
place.classList.toggle("marked", values.marked);

function begin() {
  writing?.abort();
  talk = [];
  keep(talk, values.mode);
  empty();
}

function empty() {
  fill(place, h("p", { class: "soft" }, values.mode === "chat" ? "Choose a model and ask it something. Hover over a token, or move to it with Tab and the arrow keys, to see how likely it was; choose it to look inside."
    : "Choose a model and begin a text; it goes on from there."));
  fill(looked);
  prompt.placeholder = values.mode === "chat" ? "Ask something …" : "Once upon a time …   (empty: it goes on)";
}

/** Shows what was said before. */
function open() {
  talk = kept();
  empty();
  if (talk.length > 0) fill(place);
  for (const turn of talk)
    if (turn.who === "user") asked(turn.text);
    else {
      const beside = h("div", { class: "beside" });
      place.append(beside);
      for (const one of turn.texts ?? []) {
        const { body, who, problem } = shown(one, beside);
        for (const token of one.tokens) body.append(token.span = tokenOf(token));
        who.textContent = one.told ?? one.model;
        if (one.failed) fill(problem, h("span", { class: "bad" }, one.failed));
      }
    }
}

/** @param {string} text */
function asked(text) {
  if (text !== "") place.append(h("div", { class: "turn user" }, h("span", { class: "who" }, "you"), text));
}

/** Where a model's text is shown. @param {any} one @param {Element} beside */
function shown(one, beside) {
  const body = h("span", { role: "group", "aria-label": `Tokens of ${one.model}`, tabIndex: 0 });
  const who = h("span", { class: "who" }, `${one.model} …`);
  const problem = h("span");
  beside.append(h("div", { class: "turn model" }, who, body, problem));
  watch(body, one);
  return { body, who, problem };
}

/** @param {any} token */
function tokenOf(token) {
  const span = h("span", { class: "token" }, token.text);
  // Doubt: how much of a bit and a half of surprise, and more is more.
  span.style.setProperty("--doubt", `${Math.min(100, Math.round(-token.logprob * 30))}%`);
  return span;
}

const tellChosen = () => fill(chosenText, ` ${[...chosen].join(", ")}`);

function listModels() {
  tellChosen();
  const writers = models.filter((m) => !m.judges);
  fill(list, writers.length === 0 ? h("p", { class: "soft" }, "No run here has a model yet. functional tour makes six in five minutes.")
    : writers.map((m) => check([h("span", {}, m.name), h("small", { class: "soft" }, ` ${m.kind}, step ${number(m.step)}${m.answers ? "" : ", goes on with texts"}`)], chosen.has(m.name), (on) => {
      if (on && chosen.size >= MOST) {
        fill(said, h("p", { class: "note" }, `Up to ${MOST} answer side by side.`));
        listModels();
        return;
      }
      on ? chosen.add(m.name) : chosen.delete(m.name);
      remember("chat.models", [...chosen]);
      tellChosen();
    })));
}

/** What a model answered in a turn; nothing where it did not, or failed. @param {any} turn @param {string} model */
const answerOf = (turn, model) => turn?.texts?.find((/** @type {any} */ x) => x.model === model && !x.failed);

/** What is asked of one model: the messages, of the answers its own. @param {string} model */
function request(model) {
  const rules = Object.fromEntries(RULES.map((r) => [r.name, values[/** @type {"seed"} */ (r.name)]]));
  const context = models.find((m) => m.name === model)?.context || 1024;
  const asked = { model, max_tokens: values.max_tokens ?? (values.mode === "text" ? Math.min(200, context) : undefined), seed: values.seed, ...rules };
  // A model knows of a turn what it answered itself; one at which it failed was none for it. The last is the question.
  const known = talk.filter((t, i) => i === talk.length - 1 || (t.who === "user" ? answerOf(talk[i + 1], model) : answerOf(t, model)));
  if (values.mode === "text") return { ...asked, prompt: known.map((t) => (t.who === "user" ? t.text : answerOf(t, model)?.text ?? "")).join("") };
  const messages = known.map((t) => (t.who === "user" ? { role: "user", content: t.text } : { role: "assistant", content: answerOf(t, model)?.text ?? "" })).filter((m) => m.content !== "");
  return { ...asked, messages: values.system ? [{ role: "system", content: values.system }, ...messages] : messages };
}

async function send() {
  const text = prompt.value;
  if (writing) return;
  if (text.trim() === "" && !(values.mode === "text" && talk.length > 0)) {
    fill(said, h("p", { class: "note" }, values.mode === "text" ? "Begin a text first." : "Ask something first."));
    prompt.focus();
    return;
  }
  const names = models.filter((m) => chosen.has(m.name)).map((m) => m.name);
  if (names.length === 0) {
    fill(said, h("p", { class: "note" }, "Choose a model first."));
    return;
  }
  fill(said);
  const [own, mode] = [talk, values.mode];
  if (talk.length === 0) fill(place);
  prompt.value = "";
  talk.push({ who: "user", text });
  asked(text);
  const requests = names.map((name) => request(name));
  const texts = names.map((model) => ({ model, text: "", prompt: /** @type {any[]} */ ([]), tokens: /** @type {any[]} */ ([]), request: /** @type {any} */ (null) }));
  talk.push({ who: "model", text: "", texts });
  const beside = h("div", { class: "beside" });
  place.append(beside);
  writing = new AbortController();
  busy(true);
  const { signal } = writing;
  await Promise.all(texts.map((one, i) => answer(one, requests[i], beside, signal)));
  writing = null;
  // What nobody could read is back where it was typed.
  if (texts.every((t) => /** @type {any} */ (t).failed)) {
    own.splice(-2);
    if (prompt.value === "") prompt.value = text;
  }
  // Not of a talk that was begun anew meanwhile.
  if (talk === own || mode !== values.mode) keep(own, mode);
  busy(false);
  prompt.focus();
}

/** @param {any} one @param {any} asked @param {Element} beside @param {AbortSignal} signal */
async function answer(one, asked, beside, signal) {
  one.request = asked;
  const { body, who, problem } = shown(one, beside);
  const began = performance.now();
  let [first, end] = [0, "left"];
  try {
    await stream("write", asked, (event) => {
      if (event.prompt) {
        one.prompt = event.prompt;
        if (event.forgotten > 0) body.before(h("small", { class: "soft", title: "Fewer tokens at most leave more room." }, `without the oldest ${event.forgotten === 1 ? "message" : `${event.forgotten} messages`}, for which the context has no room beside an answer. `));
        return;
      }
      first ||= performance.now() - began;
      one.text += event.text;
      for (const token of event.tokens) {
        const span = tokenOf(token);
        one.tokens.push({ ...token, span });
        body.append(span);
      }
      if (event.end) end = event.end;
    }, signal);
  } catch (e) {
    if (/** @type {any} */ (e)?.name === "AbortError") end = "stopped";
    else {
      one.failed = e instanceof Error ? e.message : `${e}`;
      tellError(problem, e);
    }
  }
  // The tokens of what ended the text are told, too, and are no part of it.
  let length = 0;
  for (const token of one.tokens) {
    length += token.text.length;
    if (end === "stop" && length > one.text.length) token.span.classList.add("behind");
  }
  one.tokens = one.tokens.filter((/** @type {any} */ t) => !t.span.classList.contains("behind"));
  const seconds = (performance.now() - began - first) / 1000;
  who.textContent = one.told = `${one.model} · ${one.tokens.length} tokens${first ? ` · first after ${Math.round(first)} ms · ${one.tokens.length > 1 ? `${number(Math.round((one.tokens.length - 1) / seconds))} a second` : ""}` : ""}${end === "length" ? " · no room for more" : end === "stopped" ? " · stopped" : ""}`;
}

const pop = h("div", { class: "pop", hidden: true, role: "tooltip", id: "pop" });
document.body.append(pop);

/** Tells of a text's tokens under the pointer or the arrow keys. @param {HTMLElement} body @param {any} one */
function watch(body, one) {
  let at = -1;
  const show = (/** @type {number} */ i) => {
    one.tokens[at]?.span.classList.remove("at");
    at = i;
    const token = one.tokens[i];
    if (!token) { pop.hidden = true; return; }
    token.span.classList.add("at");
    fill(pop, h("div", {}, h("b", { class: "mono" }, visible(token.text)), ` ${(100 * Math.exp(token.logprob)).toFixed(1)} %`, h("span", { class: "soft" }, ", before any rule")),
      h("table", {}, token.likely.map((/** @type {any} */ l) => h("tr", {}, h("td", { class: "mono" }, visible(l.text)), h("td", { class: "n" }, `${(100 * Math.exp(l.logprob)).toFixed(1)} %`)))));
    pop.hidden = false;
    const box = token.span.getBoundingClientRect();
    pop.style.left = `${Math.max(4, Math.min(innerWidth - pop.offsetWidth - 8, box.left)) + scrollX}px`;
    pop.style.top = `${box.bottom + scrollY + 6}px`;
  };
  const index = (/** @type {EventTarget | null} */ target) => one.tokens.findIndex((/** @type {any} */ t) => t.span === target);
  body.addEventListener("pointerover", (e) => show(index(e.target)));
  body.addEventListener("pointerleave", () => show(-1));
  body.addEventListener("blur", () => show(-1));
  body.addEventListener("click", (e) => { if (index(e.target) >= 0) look(one, index(e.target)); });
  body.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[e.key];
    if (step !== undefined) {
      e.preventDefault();
      show(Math.max(0, Math.min(one.tokens.length - 1, at + step)));
    } else if (e.key === "Enter" && at >= 0) look(one, at);
    else if (e.key === "Escape") show(-1);
  });
}

/** @type {{one: any, at: number} | null} */
let inside = null;

/** Looks inside a model at a token of its text. @param {any} one @param {number} at */
async function look(one, at) {
  inside = { one, at };
  const model = models.find((m) => m.name === one.model);
  const rules = Object.fromEntries(RULES.map((r) => [r.name, values[/** @type {"seed"} */ (r.name)]]));
  const next = h("div", { class: "card" });
  const heat = h("div", { class: "card" });
  fill(looked, next, heat);
  pop.hidden = true;
  if (next.getBoundingClientRect().top > innerHeight - 120) next.scrollIntoView({ block: "start" });
  await Promise.all([nextPanel(next, one, at, rules, (to) => look(one, to)), attentionPanel(heat, one, at, model)]);
}

// Other rules make another distribution of the same place.
function again() {
  if (inside && looked.firstElementChild) {
    const rules = Object.fromEntries(RULES.map((r) => [r.name, values[/** @type {"seed"} */ (r.name)]]));
    nextPanel(/** @type {any} */ (looked.firstElementChild), inside.one, inside.at, rules, (to) => look(/** @type {any} */ (inside).one, to));
  }
}

open();
get("models").then((all) => {
  models = all;
  const known = new Set(models.filter((m) => !m.judges).map((m) => m.name));
  chosen = new Set([...chosen].filter((n) => known.has(n)));
  if (chosen.size === 0) {
    const first = models.find((m) => m.answers) ?? models.find((m) => !m.judges);
    if (first) chosen.add(first.name);
    if (first && !first.answers) { set("mode", "text"); modes.value = "text"; open(); }
  }
  listModels();
}).catch((e) => { tellError(list, e); if (e instanceof AwayError) setTimeout(() => location.reload(), 5000); });
