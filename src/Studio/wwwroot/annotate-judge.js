// @ts-check
import { h, fill, get, post, field, remembered, remember, tellError, ApiError, AwayError } from "/studio/base.js";

const VERDICTS = ["much better", "better", "about the same", "worse", "much worse"];
const LETTERS = ["A", "B", "C", "D"];

/** @param {number} i */
const STEPS = (i) => ["A is much better", "A is better", "about the same", "B is better", "B is much better"][i];

// Also where a page is not from this machine, and browsers have no randomUUID.
const anId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

/**
 * Judging, one question after the other: each judgement is on the server's disk before the next is shown. What could not be sent is kept in this browser and sent again.
 * @param {HTMLElement} place
 * @param {any} set
 */
export function judging(place, set) {
  let name = remembered("annotate.name", "");
  /** @type {any} */
  let state = null;
  /** @type {number[]} the grade of each answer, 0 for none yet */
  let grades = [];
  let [busy, gone] = [false, false];
  const PENDING = `annotate.pending.${set.name}`;
  const who = h("input", { value: name, maxLength: 64, required: true, autocomplete: "nickname", placeholder: "your name" });
  const body = h("div", {});
  const told = h("p", { class: "soft", role: "status" });
  const wrong = h("div", {});

  const draftName = () => `annotate.draft.${set.name}.${name}.${state?.next?.question}`;

  function askName() {
    fill(body, h("form", { class: "card stack", onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      name = who.value.trim();
      remember("annotate.name", name);
      load();
    } }, h("p", {}, "Who are you? Each person has an order of questions and answers of their own, and is asked each question once."),
      h("div", { class: "row end" }, field("your name", who), h("button", { class: "main" }, "Begin"))));
    who.focus();
  }

  async function load() {
    fill(wrong);
    const pending = remembered(PENDING, null);
    try {
      if (pending) {
        await send("annotate/judge", pending);
        return;
      }
      state = await get("annotate/state", { set: set.name, annotator: name });
      show();
    } catch (e) {
      again(e, load);
    }
  }

  /** What is away comes back; everything else is told. @param {any} e @param {() => void} what */
  function again(e, what) {
    if (e instanceof AwayError) {
      told.textContent = "The server is away. What you said is kept here and sent again when it is back.";
      if (!gone) setTimeout(() => { if (!gone) what(); }, 1500);
    } else tellError(wrong, e);
  }

  /** @param {string} path @param {any} asked */
  async function send(path, asked) {
    busy = true;
    if (path === "annotate/judge") remember(PENDING, asked);
    try {
      const next = await post(path, asked);
      remember(PENDING, null);
      busy = false;
      if (gone) return;
      // Another name's may have been left over from before.
      state = asked.annotator === name ? next : await get("annotate/state", { set: set.name, annotator: name });
      told.textContent = path === "annotate/back" ? "Taken back." : `Saved. ${state.done} of ${state.total}.`;
      show();
    } catch (e) {
      if (e instanceof AwayError) {
        again(e, () => send(path, asked));
        return;
      }
      busy = false;
      remember(PENDING, null);
      tellError(wrong, e);
      // What this page shows may be older than what is judged.
      if (!state || (e instanceof ApiError && e.status === 409)) get("annotate/state", { set: set.name, annotator: name }).then((next) => { state = next; show(); }).catch(() => {});
    }
  }

  /** @param {any} what */
  function judge(what) {
    if (busy || !state?.next) return;
    fill(wrong);
    remember(draftName(), null);
    send("annotate/judge", { set: set.name, annotator: name, id: anId(), question: state.next.question, ...what });
  }

  function back() {
    if (busy || !state?.last) return;
    fill(wrong);
    send("annotate/back", { set: set.name, annotator: name, id: state.last });
  }

  function show() {
    const head = h("div", { class: "row spread" },
      h("span", {}, h("strong", {}, `${Math.min(state.done + 1, state.total)} of ${state.total}`), h("span", { class: "soft" }, ` · ${name} `), h("button", { class: "plain", onclick: askName }, "not you?")),
      h("span", { class: "row" }, state.last && h("button", { onclick: back }, "Back ", h("kbd", {}, "⌫")), h("button", { onclick: help }, "Keys ", h("kbd", {}, "?"))));
    const bar = h("progress", { max: state.total, value: state.done, "aria-label": `${state.done} of ${state.total} are judged` });
    if (!state.next) {
      const end = h("div", { class: "card stack", tabIndex: -1 }, h("h2", {}, "All done"), h("p", {}, `You have judged all ${state.total} questions. Thank you.`),
        h("p", { class: "row" }, h("a", { class: "button", href: `#${set.name}/results` }, "See the results"), h("a", { class: "button", href: `#${set.name}/learn` }, "Let a model learn from it"),
          state.last && h("button", { onclick: back }, "Back ", h("kbd", {}, "⌫"))));
      fill(body, bar, end);
      end.focus();
      return;
    }
    const { prompt, answers } = state.next;
    grades = answers.map(() => 0);
    const asked = h("div", { class: "asked", tabIndex: -1, role: "group", "aria-label": `Question ${state.done + 1} of ${state.total}` }, prompt.map((/** @type {any} */ m) => h("div", { class: m.role === "user" ? "" : "soft" }, m.role === "user" ? null : `${m.role}: `, m.text)));
    const more = h("div", {});
    fill(body, head, bar, asked,
      h("div", { class: "answers" }, answers.map((/** @type {string} */ text, /** @type {number} */ i) => h("article", { class: "card", "aria-label": `Answer ${LETTERS[i]}` },
        h("div", { class: "row spread" }, h("h2", {}, LETTERS[i]), h("button", { class: "plain", "aria-label": `Edit answer ${LETTERS[i]}`, onclick: () => edit(i, more) }, "Edit")),
        h("div", { class: "answer" }, text), answers.length > 2 && gradeRow(i)))),
      answers.length === 2 ? h("div", { class: "steps", role: "group", "aria-label": "Which is better?" }, VERDICTS.map((v, i) => h("button", { onclick: () => judge({ verdict: v }) }, h("kbd", {}, String(i + 1)), h("span", {}, STEPS(i)))))
        : h("p", { class: "row" }, h("span", { class: "soft" }, "A grade for each, 5 is best. "), h("button", { class: "main save", disabled: true, onclick: saveGrades }, "Save the grades ", h("kbd", {}, "Enter"))),
      h("div", { class: "row" }, h("button", { onclick: () => judge({ skip: true }) }, "Skip ", h("kbd", {}, "s")), h("button", { onclick: () => flag(more) }, "Flag ", h("kbd", {}, "f")),
        h("button", { onclick: () => edit(0, more) }, "Edit ", h("kbd", {}, "e"))), more);
    const draft = remembered(draftName(), null);
    if (draft?.edit) edit(draft.edit.answer, more);
    else if (draft) flag(more);
    else asked.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }

  /** @param {number} i */
  function gradeRow(i) {
    return h("div", { class: "row grades", role: "group", "aria-label": `Grade of answer ${LETTERS[i]}, 5 is best` }, [1, 2, 3, 4, 5].map((g) => h("button", { "aria-pressed": "false", "aria-label": `${g} for ${LETTERS[i]}`, onclick: () => grade(i, g) }, String(g))));
  }

  /** @param {number} i @param {number} value */
  function grade(i, value) {
    grades[i] = value;
    body.querySelectorAll(".grades").forEach((/** @type {Element} */ row, /** @type {number} */ at) => row.querySelectorAll("button").forEach((b, g) => b.setAttribute("aria-pressed", String(grades[at] === g + 1))));
    body.querySelectorAll("article").forEach((/** @type {Element} */ a, /** @type {number} */ at) => a.classList.toggle("now", at === grades.indexOf(0)));
    const save = /** @type {any} */ (body.querySelector(".save"));
    save.disabled = grades.includes(0);
    if (!save.disabled) told.textContent = `Grades ${grades.map((g, at) => `${LETTERS[at]} ${g}`).join(", ")}. Enter saves them.`;
  }

  const saveGrades = () => { if (!grades.includes(0)) judge({ grades }); };

  /** @param {HTMLElement} more */
  function flag(more) {
    const note = h("input", { value: remembered(draftName(), null)?.note ?? "", maxLength: 2000, placeholder: "why, if you like", oninput: () => remember(draftName(), { note: note.value }) });
    const close = closing(more);
    fill(more, h("form", { class: "card stack", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); judge({ flag: true, note: note.value }); }, onkeydown: close },
      field("Somebody else should look at this", note), h("p", { class: "row" }, h("button", { class: "main" }, "Flag it"), h("button", { type: "button", onclick: () => close(null) }, "Cancel"))));
    note.focus();
  }

  /** @param {number} i @param {HTMLElement} more */
  function edit(i, more) {
    const kept = remembered(draftName(), null)?.edit;
    const text = h("textarea", { rows: 5, value: kept?.answer === i ? kept.text : state.next.answers[i], oninput: () => remember(draftName(), { edit: { answer: i, text: text.value } }) });
    const which = h("select", { onchange: () => edit(Number(which.value), more) }, state.next.answers.map((/** @type {string} */ _, /** @type {number} */ a) => h("option", { value: a }, `answer ${LETTERS[a]}`)));
    which.value = String(i);
    const close = closing(more);
    fill(more, h("form", { class: "card stack", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); judge({ edit: { answer: i, text: text.value } }); }, onkeydown: close },
      h("p", {}, "Make an answer better: yours is then preferred to it."), field("better", which), field(`your answer in place of ${LETTERS[i]}`, text),
      h("p", { class: "row" }, h("button", { class: "main" }, "Save my answer"), h("button", { type: "button", onclick: () => close(null) }, "Cancel"))));
    text.focus();
    more.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLElement} more */
  const closing = (more) => (/** @type {KeyboardEvent | null} */ e) => {
    if (e?.key === "Enter" && (e.ctrlKey || e.metaKey)) /** @type {HTMLElement} */ (e.currentTarget).querySelector("button")?.click();
    if (e && e.key !== "Escape") return;
    remember(draftName(), null);
    fill(more);
    /** @type {any} */ (body.querySelector(".asked"))?.focus();
  };

  function help() {
    const keys = state?.next?.answers.length > 2 ? [["1 to 5", "the grade of the next answer, 5 is best"], ["Enter", "saves the grades"], ["0", "begins the grades again"]] : VERDICTS.map((_, i) => [String(i + 1), STEPS(i)]);
    const dialog = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"), h("dl", { class: "keys" }, [...keys, ["s", "skip"], ["f", "flag for somebody else"], ["e", "edit an answer"], ["Backspace", "take the last one back"], ["Escape", "closes what is open"], ["?", "this"]]
      .map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])), h("form", { method: "dialog" }, h("button", { class: "main" }, "Close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  /** @param {KeyboardEvent} e */
  function key(e) {
    const at = /** @type {HTMLElement} */ (e.target);
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.repeat || at.closest("input, textarea, select, dialog, summary") || !(place.contains(at) || at === document.body || at === document.querySelector("main")) || document.querySelector("dialog[open]") || !state) return;
    const two = state.next?.answers.length === 2;
    const more = /** @type {HTMLElement} */ (body.lastElementChild);
    /** @type {(() => void) | null} */
    let what = null;
    if (e.key === "?") what = help;
    else if (e.key === "Backspace") what = back;
    else if (!state.next) return;
    else if (/^[1-5]$/.test(e.key)) what = two ? () => judge({ verdict: VERDICTS[Number(e.key) - 1] }) : () => { const i = grades.indexOf(0); if (i >= 0) grade(i, Number(e.key)); };
    else if (e.key === "0" && !two) what = show;
    else if (e.key === "Enter" && !two && !at.closest("button, a")) what = saveGrades;
    else if (e.key === "s") what = () => judge({ skip: true });
    else if (e.key === "f") what = () => flag(more);
    else if (e.key === "e") what = () => edit(0, more);
    if (!what) return;
    e.preventDefault();
    what();
  }

  document.addEventListener("keydown", key);
  fill(place, body, wrong, told);
  if (name) load();
  else askName();
  return () => {
    gone = true;
    document.removeEventListener("keydown", key);
  };
}
