// What the page shows, and the same in the address bar: every view can be bookmarked, shared and gone back to.

/**
 * A search is by words (`query`), by a stored picture (`like`) or by a picture of the reader (`picture`); the last one set counts.
 * @typedef {object} State
 * @property {string} query
 * @property {string} like        key of a stored picture
 * @property {string} picture     number of a picture in pictures.js; such a search lives only as long as the page
 * @property {string[]} categories
 * @property {number} minimum     least score, 0 for any
 * @property {string} view        key of the picture opened in the viewer
 */

/** @type {Readonly<State>} */
export const NOTHING = Object.freeze({ query: "", like: "", picture: "", categories: [], minimum: 0, view: "" });

/** Keys are 63-bit integers, which a JavaScript number cannot hold: they stay strings. @param {string | null} text */
const asKey = (text) => (/^\d{1,20}$/.test(text ?? "") ? String(text) : "");

/** @param {string | null} text */
function asScore(text) {
  const score = Number(text);
  return score > 0 && score <= 1 ? score : 0;
}

/**
 * @param {string} search the part of the address from "?" on
 * @returns {State}
 */
export function fromAddress(search) {
  const values = new URLSearchParams(search);
  return {
    query: (values.get("q") ?? "").slice(0, 512),
    like: asKey(values.get("like")),
    picture: asKey(values.get("picture")),
    categories: [...new Set(values.getAll("category"))].filter(Boolean).sort(),
    minimum: asScore(values.get("min")),
    view: asKey(values.get("view")),
  };
}

/**
 * @param {State} state
 * @returns {string} a relative address
 */
export function toAddress(state) {
  const values = new URLSearchParams();
  if (state.query) values.set("q", state.query);
  if (state.like) values.set("like", state.like);
  if (state.picture) values.set("picture", state.picture);
  for (const category of state.categories) values.append("category", category);
  if (state.minimum) values.set("min", String(state.minimum));
  if (state.view) values.set("view", state.view);
  return values.size ? `?${values}` : "./";
}

/**
 * Whether there is anything to search for.
 * @param {State} state
 */
export const isEmpty = (state) => !state.query && !state.like && !state.picture;

/**
 * Equal for two states that show the same results.
 * @param {State} state
 */
export const signature = (state) => toAddress({ ...state, view: "" });
