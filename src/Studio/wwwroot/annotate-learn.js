// @ts-check
import { h, fill, get, post, field, number, table, chart, poll, remembered, remember, tellError, AwayError } from "/studio/base.js";
import { rated } from "/studio/annotate-results.js";

const METHODS = [{ name: "dpo", label: "DPO, from the comparisons" }, { name: "ppo", label: "PPO, from what the judge says of its own answers" }];

/**
 * Training a judge and a policy from what was said, and what that changed.
 * @param {HTMLElement} place
 * @param {any} set
 * @param {{models: any[]}} page
 */
export function learning(place, set, page) {
  const writers = page.models.filter((m) => !m.judges);
  const draft = { base: "", method: "dpo", reward_steps: "", steps: "", rate: "", beta: "", ...remembered(`annotate.learn.${set.name}`, {}) };
  if (!writers.some((m) => m.name === draft.base)) draft.base = (writers.find((m) => m.kind === "sft") ?? writers.find((m) => m.answers) ?? writers[0])?.name ?? "";
  const wrong = h("div", {});
  const list = h("div", { class: "stack" });
  const none = h("p", { class: "soft", hidden: true }, "Nothing was trained from this set yet.");
  /** @type {Map<number, {element: HTMLElement, state: string, note: HTMLElement, bar: any, charts: HTMLElement}>} */
  const cards = new Map();

  /** @param {string} label @param {"reward_steps" | "steps" | "rate" | "beta"} name @param {string} usual */
  const setting = (label, name, usual) => field(label, h("input", { type: "number", min: 0, step: "any", value: draft[name], placeholder: usual, oninput: (/** @type {any} */ e) => keep(name, e.target.value) }));

  /** @param {string} name @param {any} value */
  function keep(name, value) {
    /** @type {any} */ (draft)[name] = value;
    remember(`annotate.learn.${set.name}`, draft);
  }

  const base = h("select", { onchange: () => keep("base", base.value) }, writers.map((m) => h("option", { value: m.name }, m.answers ? m.name : `${m.name} (goes on with texts)`)));
  base.value = draft.base;
  const method = h("select", { onchange: () => keep("method", method.value) }, METHODS.map((m) => h("option", { value: m.name }, m.label)));
  method.value = draft.method;
  const button = h("button", { class: "main" }, "Train");
  fill(place,
    h("form", { class: "card stack", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); train(); } },
      h("p", {}, "A judge learns from the comparisons, and then a policy; both become runs of their own. At the end the model before and the one after answer the same questions."),
      h("div", { class: "row end" }, field("begin with", base), field("then", method), button),
      h("details", {}, h("summary", {}, "Settings"), h("div", { class: "row end" }, setting("steps of the judge", "reward_steps", "usual"), setting("steps of the policy", "steps", "usual"), setting("its rate", "rate", "usual"),
        setting("held to its beginning by (beta)", "beta", "usual")), h("p", { class: "soft small" }, "Left empty, they follow from how many comparisons there are.")),
      wrong),
    none, list);

  async function train() {
    button.disabled = true;
    fill(wrong);
    try {
      const asked = Object.fromEntries(["reward_steps", "steps", "rate", "beta"].map((n) => [n, /** @type {any} */ (draft)[n]]).filter(([, v]) => v !== "").map(([n, v]) => [n, Number(v)]));
      await post("annotate/train", { set: set.name, base: base.value, method: method.value, ...asked });
      await look();
    } catch (e) {
      tellError(wrong, e);
    }
    button.disabled = false;
  }

  /** @param {string} path @param {any} asked @param {HTMLElement} where */
  async function act(path, asked, where) {
    try {
      await post(path, asked);
      await look();
    } catch (e) {
      tellError(where, e);
    }
  }

  async function look() {
    const all = await get("annotate/trainings", { set: set.name });
    for (const t of all) {
      const state = t.change ? "done" : t.job ? t.job.state : t.error ? "failed" : t.begun.length > 0 ? "stopped" : "taken back";
      let card = cards.get(t.number);
      if (!card || card.state !== state) {
        const fresh = draw(t, state);
        card ? card.element.replaceWith(fresh.element) : list.prepend(fresh.element);
        cards.set(t.number, (card = fresh));
      }
      if (t.job) {
        card.note.textContent = t.job.state === "waiting" ? "waits for what is at work" : t.job.note;
        card.bar.value = t.job.share ?? 0;
        await curves(t, card.charts);
      }
    }
    none.hidden = all.length > 0;
  }

  /** What both runs' numbers are so far. @param {any} t @param {HTMLElement} where */
  async function curves(t, where) {
    const drawn = [];
    for (const [run, what] of [[t.judge, "judge"], [t.policy, "policy"]]) {
      if (!t.begun.includes(run)) continue;
      const charts = await get("runs/curves", { run });
      if (charts.length > 0) drawn.push(h("div", {}, h("h3", {}, what), h("div", { class: "beside" }, charts.slice(0, 2).map(chart))));
    }
    fill(where, drawn);
  }

  /** @param {any} t @param {string} state */
  function draw(t, state) {
    const note = h("span", {}), bar = h("progress", { max: 1, value: 0, "aria-label": "how far" }), charts = h("div", {}), told = h("div", {});
    const title = `${t.number}: ${t.method.toUpperCase()} from ${t.base}`;
    const element = h("article", { class: "card stack", "aria-label": title }, h("h2", {}, title),
      h("p", { class: "soft small" }, `${number(t.pairs)} comparisons, of which ${number(t.kept)} were kept for evaluation; asked by ${t.template}.`, t.left_out > 0 ? ` ${t.left_out} were left out, since this model cannot read them.` : "",
        ` Judge ${t.judge}: ${settings(t.settings.judge)}. Policy ${t.policy}: ${settings(t.settings.policy)}.`),
      (state === "running" || state === "waiting") && h("div", { class: "note" }, note, bar, h("p", {}, h("button", { onclick: () => act("jobs/stop", { id: t.job.id }, told) }, "Stop"))),
      state === "stopped" && h("p", { class: "row" }, h("span", {}, "It was stopped; what was trained is saved."), h("button", { onclick: () => act("annotate/continue", { set: set.name, training: t.number }, told) }, "Go on")),
      state === "taken back" && h("p", { class: "row" }, h("span", {}, "It was not begun."), h("button", { onclick: () => act("annotate/continue", { set: set.name, training: t.number }, told) }, "Begin")),
      state === "failed" && [h("p", { class: "note bad", role: "alert" }, t.error), h("p", {}, h("button", { onclick: () => act("annotate/continue", { set: set.name, training: t.number }, told) }, "Try again"))],
      told, t.change && changed(t), charts);
    if (t.change) curves(t, charts).catch(() => {});
    return { element, state, note, bar, charts };
  }

  /** @param {string[][]} all */
  const settings = (all) => all.map(([name, value]) => `${name} ${value}`).join(", ");

  // What is next to nothing is nothing.
  const short = (/** @type {number | null} */ x) => number(x !== null && Math.abs(x) < 0.005 ? 0 : x, 2);

  /** @param {number} share @param {number} of */
  const part = (share, of) => `${share} of ${of}`;

  /** @param {any} t */
  function changed(t) {
    const c = t.change;
    return [h("h3", {}, "What changed"),
      h("p", {}, h("strong", {}, `The judge prefers the new answer in ${rated(c.wins)}`), ` of ${c.answers.length} questions, ties half; it gives ${short(c.gain[0])} more in the mean (${short(c.gain[1])} to ${short(c.gain[2])}). ${c.same} answers are the same as before.`),
      c.wins[1] <= 0.5 && c.wins[2] >= 0.5 && h("p", {}, "That may be chance: half lies within the interval. More comparisons tell more."),
      h("p", { class: "soft small" }, "The judge has learned from the same comparisons; what people say of the new answers counts more. A set of both models' answers, in Annotate, asks them."),
      h("p", { class: "soft small" }, `Answers have ${number(c.length[1], 1)} tokens in the mean, before ${number(c.length[0], 1)}. The new model finds its answers ${short(c.distance)} nats likelier than the old one does${t.temperature === 1 ? ", an estimate of the KL divergence an answer" : ""}.`),
      table(["of comparisons that were", "judge agrees with people", "preferred before", "preferred after", "moved towards them", "by, in nats#"], [["learned", c.learned], ["kept", c.kept]].map(([name, s]) =>
        [name, part(s.judge, s.pairs), part(s.before, s.pairs), part(s.after, s.pairs), part(s.moved, s.pairs), short(s.margin)])),
      h("h3", {}, "The same questions, before and after"), h("p", { class: "soft small" }, "Drawn with the same seed; those first that were not learned from. ", h("a", { href: "/chat", onclick: () => { remember("chat.models", [t.base, t.policy]); remember("chat.values", { ...remembered("chat.values", {}), mode: "chat" }); } }, "Ask both something else in Chat")),
      h("div", { class: "pairs" }, c.answers.map((/** @type {any} */ a) => h("article", {}, h("p", { class: "soft small" }, a.judged ? "learned" : "not learned"), h("p", {}, h("strong", {}, a.question)),
        h("div", { class: "answers" }, [["before", a.before, a.before_reward], ["after", a.after, a.after_reward]].map(([when, text, reward]) =>
          h("div", { class: "card" }, h("p", { class: "soft small" }, `${when}, the judge gives ${short(reward)}`), h("div", { class: "answer" }, text === "" ? "(nothing)" : text)))))))];
  }

  return poll(() => look().catch((e) => { if (e instanceof AwayError) throw e; tellError(wrong, e); }), 1500);
}
