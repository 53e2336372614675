// @ts-check
import { h, fill, post, field, number, visible, remembered, remember, tellError } from "/studio/base.js";

/**
 * What might have come at a place, and what each rule makes of that.
 * @param {HTMLElement} place
 * @param {any} one a text: its model, prompt and tokens
 * @param {number} at which of its tokens
 * @param {Record<string, number>} rules
 * @param {(at: number) => void} go
 */
export async function nextPanel(place, one, at, rules, go) {
  const token = one.tokens[at];
  const head = [h("h2", {}, "What might have come"),
    h("p", { class: "row" }, h("button", { disabled: at === 0, onclick: () => go(at - 1), "aria-label": "The token before" }, "←"), h("span", {}, `token ${at + 1} of ${one.tokens.length}: `, h("b", { class: "mono" }, visible(token.text))),
      h("button", { disabled: at === one.tokens.length - 1, onclick: () => go(at + 1), "aria-label": "The next token" }, "→")),
    h("p", { class: "soft small" }, "…", [...one.prompt.slice(-12), ...one.tokens.slice(0, at)].slice(-24).map((/** @type {any} */ t) => t.text).join(""), h("b", {}, "▮"))];
  try {
    const next = await post("next", { model: one.model, prompt: one.prompt.map((/** @type {any} */ t) => t.id), written: one.tokens.slice(0, at).map((/** @type {any} */ t) => t.id), ...rules });
    const last = next.rules.length - 1;
    const most = Math.max(...next.tokens.map((/** @type {any} */ t) => Math.max(t.chances[0], t.chances[last])));
    const bar = (/** @type {number} */ share, /** @type {string} */ kind) => {
      const span = h("span", { class: kind });
      span.style.width = `${(100 * share) / most}%`;
      return span;
    };
    fill(place, head,
      h("p", { class: "small" }, next.rules.map((/** @type {string} */ r, /** @type {number} */ i) => [i > 0 && " → ", h("b", {}, r), ` leaves ${number(next.left[i])}`])),
      h("p", { class: "soft small" }, "Grey is the model's own distribution, colour what the rules leave of it; the one in colour was drawn."),
      h("div", { role: "list", "aria-label": "Tokens" }, next.tokens.slice(0, 16).map((/** @type {any} */ t) => h("div", { class: `chance${t.id === token.id ? " drawn" : ""}`, role: "listitem" },
        h("span", { class: "mono", title: `token ${t.id}` }, visible(t.text)), h("span", { class: "bar", "aria-hidden": "true" }, bar(t.chances[0], "own"), bar(t.chances[last], "now")),
        h("span", { class: "n", title: next.rules.map((/** @type {string} */ r, /** @type {number} */ i) => `${r}: ${(100 * t.chances[i]).toFixed(2)} %`).join("\n") }, `${(100 * t.chances[last]).toFixed(1)} %`)))),
      last > 0 && h("details", {}, h("summary", {}, "Rule by rule"), h("div", { class: "wide", tabIndex: 0, role: "group", "aria-label": "Rule by rule" }, h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "token"), next.rules.map((/** @type {string} */ r) => h("th", { class: "n", scope: "col" }, r)))),
        h("tbody", {}, next.tokens.slice(0, 16).map((/** @type {any} */ t) => h("tr", {}, h("td", { class: "mono" }, visible(t.text)), t.chances.map((/** @type {number} */ c) => h("td", { class: "n" }, c === 0 ? "·" : `${(100 * c).toFixed(2)} %`)))))))));
  } catch (e) {
    fill(place, head);
    const problem = h("div");
    place.append(problem);
    tellError(problem, e);
  }
}

/**
 * What a head attends to in a text up to a token, as a picture and on the text itself: the last row is the one from which that token was predicted.
 * @param {HTMLElement} place
 * @param {any} one
 * @param {number} at which of its tokens
 * @param {any} model
 */
export async function attentionPanel(place, one, at, model) {
  const count = (/** @type {number} */ n, /** @type {string} */ kept, /** @type {() => void} */ changed) => {
    const select = h("select", { onchange: () => { remember(kept, select.selectedIndex); changed(); } }, Array.from({ length: n }, (_, i) => h("option", {}, String(i + 1))));
    select.selectedIndex = Math.min(n - 1, remembered(kept, 0));
    return select;
  };
  const body = h("div", { class: "stack" });
  const layer = count(model?.layers ?? 1, "chat.layer", () => draw());
  const head = count(model?.heads ?? 1, "chat.head", () => draw());
  fill(place, h("h2", {}, "What a head attends to"), h("p", { class: "soft small" }, "As the model read when it wrote ", h("b", { class: "mono" }, visible(one.tokens[at].text)), "; the last row is what that came from."), h("div", { class: "row end" }, field("layer", layer), field("head", head)), body);
  async function draw() {
    try {
      const ids = [...one.prompt, ...one.tokens.slice(0, at)].map((/** @type {any} */ t) => t.id);
      const seen = await post("attention", { model: one.model, ids, layer: layer.selectedIndex, head: head.selectedIndex });
      show(seen);
    } catch (e) {
      tellError(body, e);
    }
  }
  /** @param {any} seen */
  function show(seen) {
    const n = seen.tokens.length;
    const canvas = h("canvas", { class: "heat", width: n, height: n, role: "img", tabIndex: 0, "aria-label": "Rows are tokens from top to bottom, columns what each attends to; the arrow keys choose a row" });
    const image = new ImageData(n, n);
    // Of each row the largest is deepest: the colour of a weight says how it stands to the others of its row.
    for (let row = 0; row < n; row++) {
      const weights = seen.weights.slice(row * n, row * n + n);
      const most = Math.max(1, ...weights);
      weights.forEach((/** @type {number} */ w, /** @type {number} */ column) => image.data.set([11, 130, 95, Math.round((255 * w) / most)], 4 * (row * n + column)));
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    const told = h("p", { class: "small", role: "status" });
    const text = h("div", { class: "turn model seen" });
    let row = n - 1;
    const choose = (/** @type {number} */ to) => {
      row = Math.max(0, Math.min(n - 1, to));
      const weights = seen.weights.slice(row * n, row * n + n);
      const most = Math.max(1, ...weights);
      const best = weights.map((/** @type {number} */ w, /** @type {number} */ i) => ({ w, i })).sort((/** @type {any} */ a, /** @type {any} */ b) => b.w - a.w).slice(0, 4).filter((/** @type {any} */ x) => x.w > 0);
      fill(told, h("b", { class: "mono" }, visible(seen.tokens[row])), " attends to ", best.map((/** @type {any} */ x, /** @type {number} */ i) => [i > 0 && ", ", h("span", { class: "mono" }, visible(seen.tokens[x.i])), ` ${(x.w / 10).toFixed(0)} %`]));
      fill(text, seen.tokens.map((/** @type {string} */ t, /** @type {number} */ i) => {
        const span = h("span", { class: i === row ? "token at" : "token", onclick: () => choose(i) }, t);
        span.style.background = i <= row ? `color-mix(in srgb, var(--accent) ${Math.round((60 * weights[i]) / most)}%, transparent)` : "";
        return span;
      }));
    };
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => choose(Math.floor(((e.clientY - canvas.getBoundingClientRect().top) / canvas.clientHeight) * n)));
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
      if (!step) return;
      e.preventDefault();
      choose(row + step);
    });
    choose(row);
    fill(body, seen.from > 0 && h("p", { class: "soft small" }, `The last ${n} tokens.`), h("div", { class: "beside" }, h("figure", {}, canvas, h("figcaption", {}, "From top to bottom who attends, from left to right to what; the strongest colour is the most of each row.")), h("div", {}, told, text)));
  }
  await draw();
}
