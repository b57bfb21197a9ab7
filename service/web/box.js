// The search box: searches when typing stops, at once on Enter, and shows the picture a search started from.
import { thumbnail } from "./api.js";
import { byId, el } from "./dom.js";
import { previewOf } from "./pictures.js";

/** @typedef {import("./state.js").State} State */

/** Long enough to skip the letters of a fast word, short enough to feel immediate. */
const PAUSE_MS = 180;

/** @param {State} state */
function token(state) {
  const source = state.like ? thumbnail(state.like, 64) : previewOf(state.picture);
  return [
    source ? el("img", { src: source, alt: "", width: 28, height: 28, error: (/** @type {Event} */ event) => /** @type {Element} */ (event.target).remove() }) : null,
    el("span", {}, state.like ? "Like this one" : "Your picture"),
  ].filter((part) => part !== null);
}

/**
 * Brings the box in line with the state, except for what the reader is just typing.
 * @param {State} state
 */
export function renderBox(state) {
  const input = byId("query");
  const byPicture = Boolean(state.like || state.picture);
  if (input.value.trim() !== state.query) input.value = state.query;
  input.placeholder = byPicture ? "or describe a picture" : "Describe a picture";
  byId("token").hidden = !byPicture;
  byId("token").replaceChildren(...(byPicture ? token(state) : []));
  byId("clear").hidden = !byPicture && !input.value;
}

/**
 * @typedef {object} BoxEvents
 * @property {(query: string, settled: boolean) => void} search settled: the reader is done with these words
 * @property {() => void} typing a key was pressed: what is on its way is out of date
 * @property {() => void} clear
 */

/** @param {BoxEvents} on */
export function listenToBox(on) {
  const input = byId("query");
  let timer = 0;
  const search = (/** @type {boolean} */ settled) => {
    clearTimeout(timer);
    on.search(input.value.trim(), settled);
  };
  input.addEventListener("input", (/** @type {InputEvent} */ event) => {
    byId("clear").hidden = !input.value;
    clearTimeout(timer);
    on.typing();
    // Half a character of Japanese or Chinese is not a query yet.
    if (!event.isComposing) timer = setTimeout(search, input.value.trim() ? PAUSE_MS : 0, false);
  });
  input.addEventListener("compositionend", () => search(false));
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Backspace" && !input.value && !byId("token").hidden) on.clear();
  });
  byId("box").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    search(true);
  });
  byId("clear").addEventListener("click", () => {
    clearTimeout(timer);
    on.clear();
    input.focus();
  });
}
