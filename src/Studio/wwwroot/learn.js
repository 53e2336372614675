// @ts-check
import { main, h, fill, get, stream, picture, field, remembered, remember, tellError } from "/studio/base.js";

/** @type {{name: string, number: number, title: string, learns: string, seconds: number}[]} */
let lessons = [];
/** What is at work for the lesson that is shown; who goes to another gives it up. */
let leaving = new AbortController();

const list = h("ol", { class: "lessons" });
const select = h("select", { onchange: () => { location.hash = select.value; } });
const place = h("div", { class: "stack lesson" });

fill(main,
  h("h1", {}, "Learn"),
  h("div", { class: "columns" },
    h("div", { class: "card side", role: "navigation", "aria-label": "Lessons" }, list, h("div", { class: "pick" }, field("Lesson", select))),
    h("section", { "aria-label": "Lesson" }, place)));

/** The lesson that the address names; otherwise the one that was looked at last, or the first. */
function named() {
  const name = decodeURIComponent(location.hash.slice(1));
  return lessons.find((l) => l.name === name) ?? (name === "" ? lessons.find((l) => l.name === remembered("learn.lesson", "")) ?? lessons[0] : undefined);
}

/** @param {boolean} moved whether somebody went there, so that the keyboard goes, too */
async function show(moved) {
  leaving.abort();
  leaving = new AbortController();
  const signal = leaving.signal;
  const chosen = named();
  for (const link of list.querySelectorAll("a")) {
    if (chosen && link.hash === `#${chosen.name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!chosen) {
    fill(place, h("p", { class: "note bad", role: "alert" }, `There is no lesson ${location.hash.slice(1)}.`));
    return;
  }
  select.value = chosen.name;
  remember("learn.lesson", chosen.name);
  try {
    const lesson = await get("learn/lesson", { name: chosen.name }, signal);
    const head = h("h2", { tabIndex: -1 }, `${lesson.number}. ${lesson.title}`);
    fill(place, h("div", {}, head, h("p", {}, lesson.learns)), running(lesson, signal), pictures(lesson, signal), laws(lesson, signal), sources(lesson), onwards(lesson));
    if (!moved) return;
    head.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  } catch (e) {
    tellError(place, e);
  }
}

/** @param {any} lesson @param {AbortSignal} signal */
function running(lesson, signal) {
  const output = h("pre", { class: "output", tabIndex: 0, role: "region", "aria-label": "What it writes", hidden: true });
  const said = h("span", { class: "soft", role: "status" }, lesson.seconds > 5 ? `about ${lesson.seconds} seconds on two cores` : "");
  const problem = h("div");
  /** @type {AbortController | null} */
  let stop = null;
  const button = h("button", { class: "main", onclick: () => (stop ? stop.abort() : run()) }, "Run");
  async function run() {
    const own = (stop = new AbortController());
    const began = performance.now();
    button.textContent = "Stop";
    fill(said, "runs …");
    fill(output);
    fill(problem);
    output.hidden = false;
    try {
      await stream("learn/run", { name: lesson.name }, (event) => {
        const follows = output.scrollTop + output.clientHeight >= output.scrollHeight - 8;
        const first = output.textContent === "";
        output.append(event.text);
        if (follows && !first) output.scrollTop = output.scrollHeight;
      }, AbortSignal.any([own.signal, signal]));
      fill(said, `done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    } catch (e) {
      fill(said, own.signal.aborted ? "stopped" : "");
      tellError(problem, e);
    } finally {
      stop = null;
      button.textContent = "Run again";
    }
  }
  return h("section", { "aria-label": "Run" }, h("div", { class: "row" }, button, said), problem, output,
    h("p", { class: "soft small" }, "As a program of its own: ", h("span", { class: "mono" }, `dotnet run -c Release --project samples/${lesson.name}`)));
}

/** @param {any} lesson @param {AbortSignal} signal */
function pictures(lesson, signal) {
  return h("section", { "aria-label": "Pictures" }, h("h2", {}, lesson.pictures.length > 1 ? "Pictures" : "A picture"),
    h("div", { class: "pictures" }, lesson.pictures.map((/** @type {any} */ p, /** @type {number} */ i) => {
      const drawn = h("div", { class: "waits" }, "is drawn …");
      get("learn/picture", { name: lesson.name, picture: i, narrow: String(place.clientWidth < 480) }, signal).then((answer) => {
        drawn.className = "";
        fill(drawn, picture(answer.svg));
      }).catch((e) => tellError(drawn, e));
      return h("figure", { class: "card" }, drawn, h("figcaption", {}, p.caption));
    })));
}

/** @param {any} lesson @param {AbortSignal} signal */
function laws(lesson, signal) {
  return h("section", { "aria-label": "Laws" }, h("h2", {}, "What holds, whatever the numbers are"),
    h("p", { class: "soft small" }, "Each case is drawn at random from the seed; the same seed draws the same cases. A case in which it does not hold is shown with its numbers."),
    h("div", { class: "stack" }, lesson.laws.map((/** @type {any} */ one) => law(lesson, one, signal))));
}

/** @param {any} lesson @param {any} one @param {AbortSignal} signal */
function law(lesson, one, signal) {
  const seed = h("input", { type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, value: 1, required: true });
  const cases = h("input", { type: "number", min: 1, max: lesson.most_cases, step: 1, value: 100, required: true, oninput: () => name() });
  const button = h("button", {}, "Check 100 cases");
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "cases" });
  const result = h("div", { role: "status" });
  const name = () => { button.textContent = `Check ${cases.value || "…"} ${cases.value === "1" ? "case" : "cases"}`; };
  /** @type {AbortController | null} */
  let stop = null;
  const form = h("form", { class: "card", onsubmit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (stop) {
      stop.abort();
      return;
    }
    const own = (stop = new AbortController());
    button.textContent = "Stop";
    [bar.hidden, bar.max, bar.value] = [false, cases.valueAsNumber, 0];
    fill(result);
    try {
      await stream("learn/check", { name: lesson.name, law: one.name, seed: seed.valueAsNumber, cases: cases.valueAsNumber }, (event) => {
        bar.value = event.held;
        if (event.says === undefined) return;
        fill(result, event.counterexample === null ? h("p", { class: "good" }, h("b", {}, "✓ "), event.says)
          : [h("p", { class: "bad" }, h("b", {}, "✗ "), `case ${event.held + 1} of ${event.cases} does not hold:`), h("pre", {}, event.counterexample)]);
      }, AbortSignal.any([own.signal, signal]));
    } catch (e) {
      if (own.signal.aborted) fill(result, h("p", { class: "soft" }, `stopped; ${bar.value} held`));
      tellError(result, e);
    } finally {
      stop = null;
      bar.hidden = true;
      name();
    }
  } }, h("p", {}, one.says), h("div", { class: "row end" }, field("seed", seed), field("cases", cases), button), bar, result);
  return form;
}

/** @param {any} lesson */
function sources(lesson) {
  return h("section", { class: "sources", "aria-label": "Sources" }, h("h2", {}, "The whole of it"),
    lesson.sources.map((/** @type {any} */ s, /** @type {number} */ i) => {
      const code = h("pre", { class: "code", tabIndex: 0, role: "region", "aria-label": s.name });
      return h("details", { ontoggle: () => code.childNodes.length === 0 && fill(code, coloured(s.text)) }, h("summary", { class: "mono" }, s.name, h("span", { class: "soft" }, ` ${s.text.split("\n").length - 1} lines`)), code);
    }));
}

/** @param {any} lesson */
function onwards(lesson) {
  const at = lessons.findIndex((l) => l.name === lesson.name);
  const link = (/** @type {number} */ to, /** @type {string} */ before, /** @type {string} */ behind) => lessons[to] && h("a", { href: `#${lessons[to].name}` }, `${before}${lessons[to].number}. ${lessons[to].title}${behind}`);
  return h("div", { class: "row spread" }, link(at - 1, "← ", "") || h("span"), link(at + 1, "", " →") || h("span"));
}

const WORDS = "abstract and as async await base bool break byte case catch char class const continue decimal default do double else enum event false finally fixed float for foreach from get if in init int interface internal is let long namespace new not null object operator or out override params private protected public readonly record ref required return sealed select set short sizeof static string struct switch this throw true try typeof uint ulong using var virtual void when where while with yield";
const PIECES = new RegExp([
  "(?<c>\\/\\/[^\\n]*)",
  "(?<s>\\$*\"\"\"[\\s\\S]*?\"\"\"+|[$@]*\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])+')",
  `\\b(?<k>${WORDS.split(" ").join("|")})\\b`,
  "\\b(?<d>\\d[\\w.]*)",
].join("|"), "g");

/** C# with comments, texts, words of the language and numbers told apart; what it says stays text. @param {string} text */
function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined) ?? [""];
    parts.push(text.slice(end, match.index), h("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

try {
  lessons = await get("learn");
  fill(list, lessons.map((l) => h("li", {}, h("a", { href: `#${l.name}` }, h("span", {}, l.number), h("span", {}, l.title)))));
  fill(select, lessons.map((l) => h("option", { value: l.name }, `${l.number}. ${l.title}`)));
  addEventListener("hashchange", () => show(true));
  await show(false);
} catch (e) {
  tellError(place, e);
}
