// @ts-check
import { h, fill, get, number, table, tellError } from "/studio/base.js";

/** @param {number | null} share */
const percent = (share) => (share === null || !Number.isFinite(share) ? "–" : `${Math.round(share * 100)} %`);

/** @param {number[]} rate */
export const rated = (rate) => `${percent(rate[0])} (${percent(rate[1])} to ${percent(rate[2])})`;

/**
 * What came of a set so far.
 * @param {HTMLElement} place
 * @param {any} set
 */
export function results(place, set) {
  const body = h("div", { class: "stack" }, h("p", { class: "soft" }, "…"));
  const wrong = h("div", {});
  fill(place, body, wrong);
  get("annotate/results", { set: set.name }).then(show).catch((e) => tellError(wrong, e));

  /** @param {any} r */
  function show(r) {
    fill(body,
      r.people.length === 0 ? h("p", { class: "soft" }, "Nobody has judged anything yet.") : [
        h("p", {}, `${number(r.pairs)} comparisons can be learned from.`, r.passed_over > 0 ? ` ${number(r.passed_over)} questions were passed over when the set was made.` : ""),
        h("h2", {}, "Who judged"), table(["name", "compared#", "edited#", "skipped#", "flagged#", "left#"], r.people.map((/** @type {any} */ p) => [p.name, p.judged, p.edited, p.skipped, p.flagged, r.questions - p.judged - p.edited - p.skipped - p.flagged])),
        h("h2", {}, "Agreement"), agreement(r),
        r.models.length > 0 && [h("h2", {}, "Whose answers were preferred"), h("p", { class: "soft small" }, "To those of the other models; with intervals of 95 %."),
          table(["model", "won#", "same#", "lost#", "wins"], r.models.map((/** @type {any} */ m) => [m.name, m.wins, m.ties, m.losses, m.wins + m.ties + m.losses > 0 ? rated(m.rate) : "–"]))],
        r.flagged.length > 0 && [h("h2", {}, "Flagged"), table(["question", "by", "note"], r.flagged.map((/** @type {any} */ f) => [f.question, f.annotator, f.note || "–"]))],
        h("p", {}, h("button", { onclick: download }, "Download the judgements"), h("span", { class: "soft small" }, " JSON lines, which functional reward and functional dpo read as they are")),
      ]);
  }

  /** @param {any} r */
  function agreement(r) {
    if (r.agreement.shared === 0) return h("p", { class: "soft" }, "No question was judged by two people yet. Give another name in Judge, or let somebody else judge from their own browser.");
    return [h("p", {}, `${number(r.agreement.shared)} comparisons were judged by two or more. They prefer the same answer in ${percent(r.agreement.same)}; Krippendorff's alpha is ${number(r.agreement.alpha, 2)} (1: all agree, 0: as by chance).`),
      table(["one", "other", "both judged#", "same#", "alpha#"], r.between.map((/** @type {any} */ b) => [b.one, b.other, b.shared, percent(b.same), number(b.alpha, 2)]))];
  }

  async function download() {
    try {
      const file = await get("annotate/file", { set: set.name });
      const link = h("a", { href: URL.createObjectURL(new Blob([file.text], { type: "application/jsonl" })), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    } catch (e) {
      tellError(wrong, e);
    }
  }

  return null;
}
