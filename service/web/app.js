// Puts the page together: the address holds the state, every change goes through `go`, everything is drawn from the state.
import { PAGE, find, size } from "./api.js";
import { listenToBox, renderBox } from "./box.js";
import { byId, el, toast } from "./dom.js";
import { offerExplanations, renderExplanation } from "./explanation.js";
import { fitSlider, loadCategories, renderFilters } from "./filters.js";
import { heldKey } from "./key.js";
import { listenToKeys } from "./keyboard.js";
import { renderNotice, withoutPictures } from "./notices.js";
import { listen as listenForPictures } from "./pictures.js";
import { Grid } from "./results.js";
import { Session } from "./session.js";
import { NOTHING, fromAddress, isEmpty, signature, toAddress } from "./state.js";
import { showTiming } from "./timing.js";
import { listenToForget } from "./unlock.js";
import { Viewer } from "./viewer.js";
import { number, plural } from "./words.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./session.js").Search} Search */

const EXAMPLES = ["red heart", "cat with a smile", "something to eat", "flag of France", "rainy weather", "a way to travel"];

let state = fromAddress(location.search);
/** Words still being typed replace the entry in the history instead of adding one per pause. */
let settled = true;
/** The picture that had the focus goes with the old results; the first of the new ones takes over. */
let focusNext = false;

/** How many entries of the history the viewer has added: closing goes back over them. */
const depth = () => history.state?.depth ?? 0;

/** @param {Partial<State>} changes @param {{replace?: boolean, depth?: number}} [how] */
function go(changes, { replace = false, depth = 0 } = {}) {
  const next = { ...state, ...changes };
  // Even an unchanged search may have been cut off by a key that changed nothing, such as a space.
  if (toAddress(next) === toAddress(state)) return session.show(next);
  const moved = signature(next) !== signature(state);
  history[replace ? "replaceState" : "pushState"]({ depth }, "", toAddress(next));
  settled = true;
  apply(next);
  if (moved) scrollTo({ top: 0, behavior: "instant" });
}

/** @param {State} next */
function apply(next) {
  state = next;
  document.documentElement.dataset.view = isEmpty(state) ? "home" : "results";
  renderBox(state);
  renderFilters(state, go);
  session.show(state);
  viewer.show(state.view);
  document.title = [state.query || (isEmpty(state) ? "" : "Similar pictures"), "searchindex"].filter(Boolean).join(" · ");
}

/** @param {string} key */
function similar(key) {
  go({ query: "", picture: "", minimum: 0, like: key, view: "" });
  focusNext = true;
}

/** @param {string} words @param {boolean} done */
function searchWords(words, done) {
  // An emptied box beside a picture does not end the search by that picture; the cross does.
  if (words || state.query) go({ query: words, like: "", picture: "", view: "" }, { replace: !settled });
  settled = done;
}

/** @param {string} key @param {boolean} beside */
function open(key, beside) {
  go({ view: key }, beside ? { replace: true, depth: depth() } : { depth: depth() + 1 });
}

function closeViewer() {
  if (depth()) history.go(-depth());
  else go({ view: "" }, { replace: true });
}

/** @param {Search} search */
function summary({ hits, answer, complete }) {
  const total = answer?.total ?? 0;
  if (complete || !hits.length) return plural(hits.length, "picture", "pictures");
  return total > hits.length ? `${number(hits.length)} of ${plural(total, "picture", "pictures")}` : `The best ${number(hits.length)} matches`;
}

/** @param {Search} search */
function renderMore(search) {
  byId("more").hidden = search.phase !== "shown" || search.complete || !search.hits.length;
  byId("more-button").disabled = search.extending;
  byId("more-button").textContent = search.extending ? "Loading…" : "Show more";
  // Observing anew reports at once: on a very tall screen the end stays in sight, and nothing would change.
  nearEnd.unobserve(byId("more"));
  nearEnd.observe(byId("more"));
  byId("more-note").textContent = search.failure ? "That did not work. Try once more." : "";
}

/** Nothing covers the form that asks for a key; the address keeps what was open. */
function makeRoomForKey() {
  viewer.show("");
  scrollTo({ top: 0, behavior: "instant" });
}

function unlocked() {
  byId("results").focus({ preventScroll: true }); // the form goes, and with it the focus
  renderSize();
  offerExplanations();
  session.retry();
  viewer.show(state.view);
}

/** @param {Search | null} search @param {boolean} recalled */
function render(search, recalled) {
  byId("box").classList.toggle("busy", search?.phase === "waiting");
  const problem = renderNotice(search, { retry: () => session.retry(), unlocked, change: go });
  byId("key-button").hidden = !heldKey();
  if (search?.failure?.status === 401) makeRoomForKey();
  grid.render(search);
  renderExplanation(search);
  viewer.among(search?.hits ?? []);
  if (!search) return byId("grid").replaceChildren();
  renderMore(search);
  if (search.phase === "waiting") return;
  byId("status").textContent = problem ? "" : summary(search);
  // With the words, or two searches with as many results would be announced only once.
  byId("spoken").textContent = `${problem || summary(search)} ${state.query && `for ${state.query}`}`;
  showTiming(search.phase === "shown" ? search.answer : null);
  if (search.hits.length) fitSlider(search.hits[0].score);
  if (withoutPictures(search)) document.documentElement.dataset.pictures = "off";
  if (focusNext) focusNext = !grid.focus();
  if (recalled) scrollTo({ top: search.scroll, behavior: "instant" });
}

function renderExamples() {
  const chips = EXAMPLES.map((words) => el("button", { class: "chip", type: "button", click: () => searchWords(words, true) }, words));
  byId("examples").replaceChildren(...chips);
}

async function renderSize() {
  const [pictures, categories] = await Promise.all([size().catch(() => 0), loadCategories()]);
  renderFilters(state, go);
  if (!pictures) return;
  byId("size").textContent = plural(pictures, "picture", "pictures") + (categories > 1 ? ` in ${number(categories)} categories` : "");
}

/** After a failure only the reader's click asks again. @param {IntersectionObserverEntry[]} entries */
function extend(entries) {
  if (entries.at(-1)?.isIntersecting && !session.current?.failure) session.more();
}

const nearEnd = new IntersectionObserver(extend, { rootMargin: "600px" });
const session = new Session(find, PAGE, render);
const grid = new Grid({ open: (key) => open(key, false), similar });
const viewer = new Viewer({
  open, similar, close: closeViewer, closed: (key) => grid.focus(key), more: () => session.more(),
  search: (words) => go({ ...NOTHING, categories: state.categories, query: words }),
});

listenToBox({ search: searchWords, typing: () => session.hush(), clear: () => go({ query: "", like: "", picture: "", minimum: 0, view: "" }) });
listenToForget();
listenToKeys({ grid, viewer, similar });
listenForPictures((picture) => {
  if (document.documentElement.dataset.pictures === "off") toast("Search by picture is switched off here.");
  else go({ query: "", like: "", minimum: 0, view: "", picture });
});
byId("more-button").addEventListener("click", () => session.more());
byId("home-link").addEventListener("click", (/** @type {Event} */ event) => {
  event.preventDefault();
  go(NOTHING);
  byId("query").focus();
});
addEventListener("popstate", () => {
  settled = true;
  apply(fromAddress(location.search));
});
addEventListener("online", () => session.current?.phase === "failed" && session.retry());
renderExamples();
renderSize();
offerExplanations();
apply(state);
