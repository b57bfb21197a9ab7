// Narrowing a search: chips for the categories, a slider for the least score.
import { facets } from "./api.js";
import { byId, el } from "./dom.js";
import { label, number, score } from "./words.js";

/** @typedef {import("./state.js").State} State */

/** @type {Record<string, number>} */
let counts = {};

/** A category of the address that the index does not know is shown as well: it is in force. @param {string[]} chosen */
const categories = (chosen) => [...new Set([...Object.keys(counts).sort((one, other) => counts[other] - counts[one]), ...chosen])];

/** @param {string} category @param {boolean} pressed @param {() => void} toggle */
const chip = (category, pressed, toggle) =>
  el("button", { class: "chip", type: "button", "aria-pressed": String(pressed), "data-category": category, click: toggle },
    el("span", {}, label(category)),
    category in counts ? el("span", { class: "figure" }, number(counts[category])) : null);

/** @param {string[]} chosen @param {string} category */
const toggled = (chosen, category) => (chosen.includes(category) ? chosen.filter((one) => one !== category) : [...chosen, category].sort());

/** @param {State} state @param {(changes: Partial<State>) => void} change */
function chips(state, change) {
  const list = categories(state.categories).map((category) =>
    chip(category, state.categories.includes(category), () => change({ categories: toggled(state.categories, category) })));
  if (state.categories.length) list.unshift(el("button", { class: "chip clear", type: "button", click: () => change({ categories: [] }) }, "All"));
  return list;
}

/** Rebuilding the chips must not lose the focus of the one just pressed. @param {HTMLElement[]} list */
function replaceChips(list) {
  const row = byId("chips");
  const focused = row.contains(document.activeElement) ? document.activeElement?.getAttribute("data-category") : undefined;
  const scrolled = row.scrollLeft;
  row.replaceChildren(...list);
  row.scrollLeft = scrolled;
  if (focused !== undefined) list.find((one) => one.getAttribute("data-category") === focused)?.focus({ preventScroll: true });
}

/** @param {number} minimum */
const least = (minimum) => (minimum ? `at least ${score(minimum)}` : "any");

/**
 * Shows the filters in force.
 * @param {State} state
 * @param {(changes: Partial<State>) => void} change
 */
export function renderFilters(state, change) {
  replaceChips(chips(state, change));
  const slider = byId("minimum");
  slider.max = String(Math.max(Number(slider.max), state.minimum));
  slider.value = String(state.minimum);
  slider.onchange = () => change({ minimum: Number(slider.value) });
  slider.oninput = () => (byId("minimum-value").textContent = least(Number(slider.value)));
  byId("minimum-value").textContent = least(state.minimum);
  byId("strictness-label").textContent = state.minimum ? `Score ${least(state.minimum)}` : "Relevance";
  byId("strictness").classList.toggle("active", state.minimum > 0);
}

/**
 * Lets the slider reach the best score of a search, and not much further: models differ in how high they score.
 * @param {number} best
 */
export function fitSlider(best) {
  const slider = byId("minimum");
  slider.max = String(Math.max(Number(slider.value), Math.ceil(best * 20) / 20, 0.1));
}

/**
 * Asks for the categories; without them the page works, only without chips.
 * @returns {Promise<number>} how many there are
 */
export async function loadCategories() {
  counts = await facets("category").catch(() => ({}));
  return Object.keys(counts).length;
}
