// @ts-check
// What all pages share: elements, questions to the server, charts. Whatever somebody typed or a model wrote becomes text and never markup.

/**
 * An element. Properties that begin with `on` are listeners, `class`, `for` and those with a dash are attributes, others are set on the element.
 * @param {string} tag its name
 * @param {Record<string, any>} [properties] what it has
 * @param {...(Node | string | number | null | undefined | false | Array<any>)} children what is in it; texts stay texts
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class" || name === "for" || name === "role" || name === "list" || name.includes("-")) element.setAttribute(name, String(value));
    else /** @type {any} */ (element)[name] = value;
  }
  fill(element, ...children);
  return element;
}

/**
 * Puts children in place of those that an element has.
 * @param {Element} element
 * @param {...any} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false).map((c) => (c instanceof Node ? c : String(c))));
  return element;
}

/**
 * A control with what it is called.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  return h("label", { class: "field" }, h("span", {}, label), control, hint && h("small", {}, hint));
}

/**
 * A box to tick.
 * @param {any} label
 * @param {boolean} checked
 * @param {(on: boolean) => void} changed
 */
export function check(label, checked, changed) {
  return h("label", { class: "check" }, h("input", { type: "checkbox", checked, onchange: (/** @type {any} */ e) => changed(e.target.checked) }), h("span", {}, label));
}

/**
 * A table.
 * @param {string[]} heads names of columns; those that end with # are of numbers
 * @param {any[][]} rows
 */
export function table(heads, rows) {
  const number = heads.map((x) => x.endsWith("#"));
  return h("div", { class: "wide", tabIndex: 0, role: "group", "aria-label": "table" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((x, i) => h("th", { class: number[i] ? "n" : null, scope: "col" }, x.replace(/#$/, ""))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => h("td", { class: number[i] ? "n" : null }, cell)))))));
}

/** A number as people read it. @param {number | null | undefined} value @param {number} [digits] */
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 100 ? value.toLocaleString("en", { maximumFractionDigits: 1 }) : size >= 0.001 ? value.toLocaleString("en", { maximumFractionDigits: digits }) : value.toExponential(2);
}

/** A time that something took. @param {number | null | undefined} milliseconds */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  const s = milliseconds / 1000;
  return s < 1 ? `${Math.round(milliseconds)} ms` : s < 60 ? `${s.toFixed(1)} s` : s < 3600 ? `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** A token as it can be seen: blanks and line ends as signs. @param {string} text */
export function visible(text) {
  return text === "" ? "∅" : text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** What is kept in this browser. @param {string} name @param {any} otherwise */
export function remembered(name, otherwise) {
  try {
    const text = localStorage.getItem(`functional.${name}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Keeps something in this browser. @param {string} name @param {any} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`functional.${name}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

/** What the server says is wrong. */
export class ApiError extends Error {
  /** @param {string} message @param {number} status @param {string | null} param */
  constructor(message, status, param) {
    super(message);
    this.status = status;
    this.param = param;
  }
}

/** The server cannot be reached. */
export class AwayError extends Error {}

let key = sessionStorage.getItem("functional.key") ?? "";
/** @type {Promise<void> | null} */
let asking = null;

function askForKey() {
  return (asking ??= new Promise((done) => {
    const input = h("input", { type: "password", autocomplete: "off", required: true });
    const dialog = h("dialog", { "aria-label": "A key is needed" }, h("form", { onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      key = input.value.trim();
      sessionStorage.setItem("functional.key", key);
      dialog.close();
    } }, h("h2", {}, "A key is needed"), h("p", {}, "This studio is for those who have a key. It is kept until this tab is closed."), field("Key", input), h("p", {}, h("button", { class: "main" }, "Go on"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      asking = null;
      done();
    });
    dialog.addEventListener("cancel", (/** @type {Event} */ e) => e.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  }));
}

/** @param {boolean} away */
function tellAway(away) {
  const place = document.getElementById("away");
  if (!place || place.hidden === !away) return;
  place.hidden = !away;
  place.textContent = away ? "The studio's server cannot be reached. What you see is kept; this page tries again by itself." : "";
}

/**
 * @param {string} path
 * @param {RequestInit} options
 * @returns {Promise<Response>}
 */
async function ask(path, options) {
  for (;;) {
    /** @type {Response} */
    let response;
    try {
      response = await fetch(path, { ...options, headers: { ...(options.body ? { "Content-Type": "application/json" } : {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) } });
    } catch (e) {
      if (options.signal?.aborted) throw e;
      tellAway(true);
      throw new AwayError("the server cannot be reached");
    }
    tellAway(false);
    if (response.status === 401) {
      await askForKey();
      continue;
    }
    if (response.ok) return response;
    let [message, param] = [`the server said ${response.status}`, null];
    try {
      const { error } = await response.json();
      [message, param] = [error.message, error.param];
    } catch {
      // It is no answer of this server's.
    }
    throw new ApiError(message, response.status, param);
  }
}

/**
 * Asks `/studio/api/PATH`.
 * @param {string} path
 * @param {Record<string, string | number | string[]>} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query = {}, signal) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) search.append(name, String(one));
  return (await ask(`/studio/api/${path}${search.size ? `?${search}` : ""}`, { signal })).json();
}

/**
 * Sends to `/studio/api/PATH`.
 * @param {string} path
 * @param {any} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function post(path, body, signal) {
  return (await ask(`/studio/api/${path}`, { method: "POST", body: JSON.stringify(body), signal })).json();
}

/**
 * Sends to `/studio/api/PATH`, and tells each event of the stream that comes back. An error in its middle is thrown.
 * @param {string} path
 * @param {any} body
 * @param {(event: any) => void} told
 * @param {AbortSignal} [signal]
 */
export async function stream(path, body, told, signal) {
  const response = await ask(`/studio/api/${path}`, { method: "POST", body: JSON.stringify(body), signal });
  const reader = /** @type {ReadableStream<any>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    /** @type {ReadableStreamReadResult<string>} */
    let read;
    try {
      read = await reader.read();
    } catch (e) {
      if (signal?.aborted) throw e;
      throw new AwayError("the server has gone in the middle of this");
    }
    if (read.done) break;
    rest += read.value;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const event = JSON.parse(line.slice(6));
      if (event.error) throw new ApiError(event.error.message, 500, event.error.param);
      told(event);
    }
  }
}

/**
 * Does something again and again while the page is looked at; not while the last time is still at it.
 * @param {() => Promise<any>} what
 * @param {number} milliseconds
 */
export function poll(what, milliseconds) {
  let [busy, stopped] = [false, false];
  const once = async () => {
    if (busy || stopped || document.hidden) return;
    busy = true;
    try {
      await what();
    } catch (e) {
      if (!(e instanceof AwayError)) throw e;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(once, milliseconds);
  document.addEventListener("visibilitychange", once);
  once();
  return () => {
    stopped = true;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", once);
  };
}

/**
 * Shows an error where it belongs, in words.
 * @param {Element} place
 * @param {any} error
 */
export function tellError(place, error) {
  if (error?.name === "AbortError") return;
  fill(place, h("p", { class: "note bad", role: "alert" }, error instanceof Error ? error.message : String(error)));
  if (!(error instanceof ApiError || error instanceof AwayError)) console.error(error);
}

const SVG = "http://www.w3.org/2000/svg";

/** A picture that this server drew. @param {string} text @returns {SVGElement} */
export function picture(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return /** @type {any} */ (document.importNode(parsed, true));
}

/**
 * A chart of the server's, with the numbers under the pointer, or under the arrow keys.
 * @param {{title: string, svg: string, area: number[], range: number[], size: number[], lines: {name: string, x: number[], y: number[]}[]}} chart
 */
export function chart(chart) {
  const svg = picture(chart.svg);
  const last = chart.lines.map((l) => `${l.name} ${number(l.y.at(-1))}`).join(", ");
  const tip = h("div", { class: "tip", hidden: true });
  const figure = h("figure", { tabIndex: 0, role: "img", "aria-label": `${chart.title}: at the end ${last}` }, svg, tip);
  svg.setAttribute("aria-hidden", "true");
  const hair = document.createElementNS(SVG, "line");
  hair.setAttribute("class", "hair");
  const [left, top, width, height] = chart.area;
  const [least, most] = chart.range;
  let at = most;
  const show = () => {
    const points = chart.lines.map((l) => {
      let best = 0;
      l.x.forEach((x, i) => { if (Math.abs(x - at) < Math.abs(l.x[best] - at)) best = i; });
      // A run that was not there yet, or is over, has no number here; means of neighbours stand for more than their own step.
      const reach = l.x.length > 1 ? ((l.x.at(-1) ?? 0) - l.x[0]) / (l.x.length - 1) : (most - least) / 60;
      return { name: l.name, x: l.x[best], y: Math.abs(l.x[best] - at) <= reach ? l.y[best] : null };
    }).filter((p) => p.y !== null);
    if (chart.lines.length === 0) return;
    const x = left + ((at - least) / (most - least || 1)) * width;
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: top + height })) hair.setAttribute(name, String(value));
    svg.append(hair);
    fill(tip, h("div", { class: "soft" }, `step ${number(Math.round(points[0]?.x ?? at))}`), points.length === 0 ? h("div", {}, "none") : points.map((p) => h("div", {}, `${p.name}: ${number(p.y)}`)));
    tip.hidden = false;
    const scale = svg.clientWidth / chart.size[0] || 1;
    const place = x * scale;
    tip.style.top = `${top * scale + 6}px`;
    tip.style.left = place > svg.clientWidth / 2 ? "auto" : `${place + 8}px`;
    tip.style.right = place > svg.clientWidth / 2 ? `${svg.clientWidth - place + 8}px` : "auto";
  };
  const hide = () => { tip.hidden = true; hair.remove(); };
  figure.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => {
    const box = svg.getBoundingClientRect();
    const x = ((e.clientX - box.left) / box.width) * chart.size[0];
    at = Math.min(most, Math.max(least, least + ((x - left) / width) * (most - least)));
    show();
  });
  figure.addEventListener("pointerleave", hide);
  figure.addEventListener("blur", hide);
  figure.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (!step) return;
    e.preventDefault();
    at = Math.min(most, Math.max(least, at + (step * (most - least)) / 60));
    show();
  });
  return figure;
}

/** Tells pages of the server's work, and shows it at the top. @type {any[]} */
export let jobs = [];
poll(async () => {
  jobs = await get("jobs");
  const now = jobs.find((j) => j.state === "running");
  const place = document.getElementById("work");
  const text = now ? `${now.about}: ${now.note || now.state}` : "";
  if (place && place.textContent !== text) [place.textContent, place.title] = [text, text];
  document.dispatchEvent(new CustomEvent("jobs", { detail: jobs }));
}, 1500);

/** The page's place. */
export const main = /** @type {HTMLElement} */ (document.getElementById("main"));
