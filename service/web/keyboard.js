// Keys for the whole page; typing in a field and keys with modifiers are left alone.
import { byId } from "./dom.js";

/**
 * @typedef {object} Keys
 * @property {import("./results.js").Grid} grid
 * @property {import("./viewer.js").Viewer} viewer
 * @property {(key: string) => void} similar
 */

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

/** @param {EventTarget | null} target */
const isField = (target) => target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;

function toBox() {
  byId("query").focus();
  byId("query").select();
  return true;
}

/** @param {string} key @param {Keys} on @returns {boolean} whether the key meant something */
function inViewer(key, { viewer, similar }) {
  if (key === "ArrowLeft") return viewer.step(-1);
  if (key === "ArrowRight") return viewer.step(1);
  if (key !== "m") return false;
  similar(viewer.key);
  return true;
}

/** @param {string} key @param {Keys} on */
function inGrid(key, { grid, similar }) {
  // Up from the first row, and Escape, lead back to the words.
  if (ARROWS.includes(key)) return grid.move(key) || (key === "ArrowUp" && toBox());
  if (key === "Escape") return toBox();
  if (key !== "m") return false;
  similar(grid.focused);
  return true;
}

function closePanels() {
  const open = [...document.querySelectorAll("details[open]")];
  for (const panel of open) panel.removeAttribute("open");
  return open.length > 0;
}

/** @param {KeyboardEvent} event @param {Keys} on */
function onPage(event, on) {
  if (event.key === "Escape" && closePanels()) return true;
  if (event.key === "ArrowDown" && event.target === byId("query")) return on.grid.focus();
  if (isField(event.target)) return false;
  if (event.key === "/") return toBox();
  if (event.key === "?") return byId("help").showModal() ?? true;
  return Boolean(on.grid.focused) && inGrid(event.key, on);
}

/** @param {Keys} on */
export function listenToKeys(on) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("help").open) return;
    if (on.viewer.key ? inViewer(event.key, on) : onPage(event, on)) event.preventDefault();
  });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  // A click beside an open panel closes it.
  addEventListener("click", (event) => {
    for (const panel of document.querySelectorAll("details[open]")) if (!panel.contains(/** @type {Node} */ (event.target))) panel.removeAttribute("open");
    if (event.target === byId("help")) byId("help").close();
  });
}
