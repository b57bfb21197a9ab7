// Where the time of a search went: a small waterfall from the Server-Timing header.
import { byId, el } from "./dom.js";
import { duration } from "./words.js";

/** @typedef {{name: string, ms: number, note: string}} Stage */

/**
 * The stages in a Server-Timing header: `encode;dur=3.1;desc="text", search;dur=1.2`.
 * @param {string} header
 * @returns {Stage[]}
 */
export function stages(header) {
  return (header.match(/(?:[^,"]|"[^"]*")+/g) ?? []).flatMap((entry) => {
    const name = entry.split(";")[0].trim();
    const ms = Number(/;\s*dur=([\d.]+)/.exec(entry)?.[1]);
    const note = /;\s*desc="([^"]*)"/.exec(entry)?.[1] ?? "";
    return name && Number.isFinite(ms) ? [{ name, ms, note }] : [];
  });
}

/** What the stages leave of the round trip is the network and the browser. @param {import("./api.js").Answer} answer */
function withRest(answer) {
  const named = answer.stages.filter((stage) => stage.name !== "total");
  const rest = answer.roundTrip - named.reduce((sum, stage) => sum + stage.ms, 0);
  return [...named, { name: "network", ms: Math.max(0, rest), note: "and the browser" }];
}

/** @param {Stage} stage @param {number} start @param {number} whole */
function row(stage, start, whole) {
  const bar = el("span", { class: "stage-bar" });
  bar.style.setProperty("--start", String(start / whole));
  bar.style.setProperty("--share", String(stage.ms / whole));
  return el("li", { title: stage.note }, el("span", {}, stage.name), el("span", { class: "stage-track" }, bar), el("span", { class: "figure" }, duration(stage.ms)));
}

/** @param {Stage[]} list */
function rows(list) {
  const whole = list.reduce((sum, stage) => sum + stage.ms, 0) || 1;
  let start = 0;
  return list.map((stage) => row(stage, (start += stage.ms) - stage.ms, whole));
}

/**
 * @param {import("./api.js").Answer | null} answer null hides it
 */
export function showTiming(answer) {
  const details = byId("timing");
  details.hidden = !answer;
  if (!answer) return;
  const ms = answer.latency || answer.roundTrip;
  byId("timing-label").textContent = duration(ms);
  byId("timing-panel").replaceChildren(
    el("p", { class: "panel-title" }, `${duration(answer.roundTrip)} from asking to answer`),
    el("ol", { class: "stages" }, ...rows(withRest(answer))),
    el("p", { class: "note" }, answer.cached ? "The service remembered this answer." : "This answer was computed for you."),
  );
}
