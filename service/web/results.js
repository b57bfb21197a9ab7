// The grid of pictures. Cards are made once and stay; more pictures are added below them.
import { thumbnail } from "./api.js";
import { byId, el, icon } from "./dom.js";
import { justify } from "./layout.js";
import { toAddress } from "./state.js";
import { aboutScore, label, score } from "./words.js";

/** @typedef {import("./api.js").Hit} Hit */
/** @typedef {import("./session.js").Search} Search */

const GAP = 12;
const SKELETONS = 24;
/** So many thumbnails are fetched at once; those further down wait until the reader comes near. */
const AT_ONCE = 10;

/** Two squares side by side on a phone, larger pictures on larger screens. @param {number} width */
const rowHeight = (width) => (width < 480 ? (width - GAP) / 2 : width < 1000 ? 190 : 208);

/** A link that works as one (new tab, copy), and within the page on a plain click. @param {() => void} act */
const plainClick = (act) => (/** @type {MouseEvent} */ event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  act();
};

/** @param {Hit} hit @param {boolean} first */
function picture(hit, first) {
  const image = el("img", {
    alt: hit.name, width: hit.width || 256, height: hit.height || 256, decoding: "async", draggable: "false",
    loading: first ? "eager" : "lazy", load: () => image.classList.add("loaded"), error: () => image.replaceWith(broken(hit)),
  });
  // Sizes before sources, or the browser may fetch the wrong one.
  image.sizes = "208px";
  image.srcset = `${thumbnail(hit.key, 256)} 256w, ${thumbnail(hit.key, 512)} 512w`;
  image.src = thumbnail(hit.key, 256);
  return image;
}

/** What stands for a picture that cannot be shown. @param {Hit} hit */
const broken = (hit) => el("span", { class: "broken", role: "img", "aria-label": `${hit.name}, no preview` }, icon("picture"), el("span", {}, "No preview"));

/** @param {Hit} hit @param {number} best */
function scoreBar(hit, best) {
  const bar = el("span", { class: "score-bar" });
  bar.style.setProperty("--share", String(Math.max(0, Math.min(1, hit.score / (best || 1)))));
  return el("span", { class: "score", title: aboutScore(hit.score) }, bar, el("span", { class: "figure" }, score(hit.score)));
}

/** @param {Hit} hit @param {number} best */
const caption = (hit, best) =>
  el("div", { class: "caption" },
    el("span", { class: "name", title: hit.name }, hit.name),
    el("span", { class: "facts" }, scoreBar(hit, best), el("span", { class: "category" }, label(hit.category))));

export class Grid {
  #list = byId("grid");
  /** @type {Search | null} */ #search = null;
  /** @type {HTMLElement[]} */ #cards = [];
  #act; #width = 0;

  /** @param {{open: (key: string) => void, similar: (key: string) => void}} act */
  constructor(act) {
    this.#act = act;
    new ResizeObserver(() => this.#list.clientWidth !== this.#width && this.#arrange()).observe(this.#list);
  }

  /** Shows what is there; while the first answer is awaited, the results before it stay, dimmed. @param {Search | null} search */
  render(search) {
    const waiting = search?.phase === "waiting";
    this.#list.setAttribute("aria-busy", String(waiting || Boolean(search?.extending)));
    this.#list.classList.toggle("stale", waiting && this.#cards.length > 0);
    if (waiting) return this.#cards.length ? undefined : this.#skeletons();
    if (search !== this.#search) this.#empty();
    this.#search = search;
    this.#append(search?.hits ?? []);
  }

  #empty() {
    this.#cards = [];
    this.#list.replaceChildren();
  }

  #skeletons() {
    this.#search = null;
    this.#list.replaceChildren(...Array.from({ length: SKELETONS }, () =>
      el("li", { class: "card skeleton", "aria-hidden": "true" }, el("span", { class: "tile" }), el("div", { class: "caption" }))));
    this.#arrange();
  }

  /** @param {Hit[]} hits */
  #append(hits) {
    if (!this.#cards.length) this.#list.replaceChildren(); // skeletons
    const fresh = hits.slice(this.#cards.length).map((hit, at) => this.#card(hit, at + this.#cards.length, hits[0].score));
    this.#cards.push(...fresh);
    this.#list.append(...fresh);
    this.#arrange();
  }

  /** @param {Hit} hit @param {number} at @param {number} best @returns {HTMLElement} */
  #card(hit, at, best) {
    const state = /** @type {Search} */ (this.#search).state;
    // One stop for the Tab key in the whole grid; the arrow keys move it.
    const tabindex = at ? "-1" : "0";
    return el("li", { class: "card", "data-key": hit.key },
      el("a", { class: "tile", tabindex, href: toAddress({ ...state, view: hit.key }), click: plainClick(() => this.#act.open(hit.key)) }, picture(hit, at < AT_ONCE)),
      el("a", {
        class: "round similar", tabindex, href: toAddress({ ...state, query: "", minimum: 0, picture: "", like: hit.key }), title: "More like this (m)",
        "aria-label": `More like ${hit.name}`, click: plainClick(() => this.#act.similar(hit.key)),
      }, icon("similar")),
      caption(hit, best));
  }

  #arrange() {
    this.#width = this.#list.clientWidth;
    const cards = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    const hits = this.#search?.hits ?? [];
    const sizes = justify(cards.map((_, at) => (hits[at] ? hits[at].width / hits[at].height : 1)), this.#width, rowHeight(this.#width), GAP);
    cards.forEach((card, at) => {
      card.style.setProperty("--w", `${sizes[at].width}px`);
      card.style.setProperty("--h", `${sizes[at].height}px`);
    });
  }

  /** The key of the picture that has the focus. */
  get focused() {
    return document.activeElement?.closest?.("#grid .card")?.getAttribute("data-key") ?? "";
  }

  /** Focuses a picture, by default the first. @param {string} [key] @returns {boolean} whether there is one */
  focus(key = this.#cards[0]?.dataset.key) {
    const card = this.#cards.find((card) => card.dataset.key === key);
    if (!card) return false;
    for (const link of this.#list.querySelectorAll("a[tabindex='0']")) link.tabIndex = -1;
    for (const link of card.querySelectorAll("a")) link.tabIndex = 0;
    card.querySelector("a")?.focus();
    card.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** Moves the focus by an arrow key. @param {string} key @returns {boolean} whether there was somewhere to go */
  move(key) {
    const at = this.#cards.findIndex((card) => card.dataset.key === this.focused);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.#cards.length - 1 }[key] ?? this.#nextRow(at, key === "ArrowDown" ? 1 : -1);
    return at >= 0 && to >= 0 && this.focus(this.#cards[to]?.dataset.key ?? "");
  }

  /** The picture above (-1) or below (1): in the nearest other row, the one with the nearest middle. @param {number} at @param {number} way */
  #nextRow(at, way) {
    const { offsetTop: top, offsetLeft: left, offsetWidth: width } = this.#cards[at];
    const beyond = this.#cards.filter((card) => (card.offsetTop - top) * way > 0);
    const row = beyond.at(way > 0 ? 0 : -1)?.offsetTop;
    const away = (/** @type {HTMLElement} */ card) => Math.abs(card.offsetLeft + card.offsetWidth / 2 - left - width / 2);
    const nearest = beyond.filter((card) => card.offsetTop === row).sort((one, other) => away(one) - away(other))[0];
    return nearest ? this.#cards.indexOf(nearest) : -1;
  }
}

export { broken };
