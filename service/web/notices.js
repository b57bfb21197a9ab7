// When there are no pictures to show: why, in plain words, and what to do about it.
import { byId, el, icon } from "./dom.js";
import { keyForm } from "./unlock.js";

/** @typedef {import("./session.js").Search} Search */
/** @typedef {{icon: string, title: string, text: string, again?: boolean}} Notice */

/** @type {Record<number, Omit<Notice, "again"> & {again?: boolean}>} */
const KNOWN = {
  403: { icon: "alert", title: "This index is not open to you", text: "The service refused the search." },
  410: { icon: "picture", title: "The picture is gone", text: "Pictures you search with are not stored. Choose, drop or paste it again." },
  413: { icon: "picture", title: "That picture is too large", text: "Try a smaller one." },
  415: { icon: "picture", title: "That is not a picture the service can read", text: "JPEG, PNG and WebP work everywhere." },
  429: { icon: "busy", title: "A little too fast", text: "The service has a limit on searches per minute.", again: true },
  503: { icon: "busy", title: "The service is busy", text: "Too many searches at once. Yours will be tried again.", again: true },
  504: { icon: "busy", title: "That took too long", text: "The service did not finish in time.", again: true },
};

const OFFLINE = { icon: "offline", title: "You are offline", text: "The search goes on when the connection is back.", again: true };
const DOWN = { icon: "offline", title: "The service does not answer", text: "It may be starting, or stopped. Nothing is wrong with your search.", again: true };
const BROKEN = { icon: "alert", title: "Something went wrong", text: "The fault is in the service, not in your search.", again: true };
const REFUSED = { icon: "alert", title: "The service did not understand this search", text: "" };
const NO_PICTURES = { icon: "picture", title: "Search by picture is switched off here", text: "Describe what you are looking for instead." };
const NOT_THIS_KEY = { icon: "key", title: "Your API key may not search here", text: "The key is valid, but not for this. Forget it at the top of the page to use another." };
const NO_SUCH = { icon: "picture", title: "This picture is no longer in the index", text: "It may have been removed since." };

/** Whether the failure says that this service takes no pictures. @param {Search} search */
export const withoutPictures = ({ state, failure }) => Boolean(state.picture) && [404, 405, 501].includes(failure?.status);

/** @param {Search} search @returns {Notice} */
function explain(search) {
  const status = search.failure.status ?? 0;
  if (!status) return navigator.onLine ? DOWN : OFFLINE;
  if (withoutPictures(search)) return NO_PICTURES;
  if (status === 404 && search.state.like) return NO_SUCH;
  if (status === 403 && search.failure.keyed) return NOT_THIS_KEY;
  return KNOWN[status] ?? (status >= 500 ? BROKEN : REFUSED);
}

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

/** Counts down on the button, then presses it. @param {HTMLElement} button @param {number} seconds @param {() => void} retry */
function countDown(button, seconds, retry) {
  const say = () => (button.textContent = `Trying again in ${seconds} s`);
  say();
  ticking = setInterval(() => {
    seconds -= 1;
    if (seconds > 0) return say();
    clearInterval(ticking);
    retry();
  }, 1000);
}

/** @param {number} wait @param {() => void} retry */
function retryButton(wait, retry) {
  const button = el("button", { class: "button", type: "button", click: retry }, "Try again");
  if (wait) countDown(button, wait, retry);
  return button;
}

/** @typedef {{retry: () => void, unlocked: () => void, change: (changes: Partial<import("./state.js").State>) => void}} Actions */

/** @param {Search} search @param {Actions} act */
function failed(search, { retry, unlocked }) {
  if (search.failure.status === 401) return keyForm(search.failure, unlocked);
  const { icon: drawing, title, text, again } = explain(search);
  const { detail = "", hint = "", wait = 0 } = search.failure;
  return [
    icon(drawing),
    el("h2", {}, title),
    text ? el("p", {}, text) : null,
    detail ? el("p", { class: "detail" }, detail) : null,
    hint ? el("p", { class: "hint" }, hint) : null,
    again || wait ? retryButton(wait, retry) : null,
  ];
}

/** @param {Search} search @param {(changes: Partial<import("./state.js").State>) => void} change */
function nothing({ state }, change) {
  const narrowed = state.categories.length > 0 || state.minimum > 0;
  const widen = el("button", { class: "button", type: "button", click: () => change({ categories: [], minimum: 0 }) }, "Remove the filters");
  return [
    icon("nothing"),
    el("h2", {}, "No pictures found"),
    el("p", {}, narrowed ? "Nothing passes the filters in force." : "Try other words: what is in the picture, its colours, the mood."),
    narrowed ? widen : null,
  ];
}

/**
 * Shows why there are no results, or hides the notice if there are some.
 * @param {Search | null} search
 * @param {Actions} act
 * @returns {string} the title of the notice, empty if there is none
 */
export function renderNotice(search, act) {
  clearInterval(ticking);
  const place = byId("notice");
  const content = search?.phase === "failed" ? failed(search, act) : search?.phase === "shown" && !search.hits.length ? nothing(search, act.change) : [];
  place.hidden = !content.length;
  place.replaceChildren(...content.filter((part) => part !== null));
  return place.querySelector("h2")?.textContent ?? "";
}
