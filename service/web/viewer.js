// One picture, large, with what is known about it and its nearest relatives.
import { find, original, thumbnail } from "./api.js";
import { byId, el, icon, toast } from "./dom.js";
import { broken } from "./results.js";
import { NOTHING } from "./state.js";
import { aboutScore, label, number, score } from "./words.js";

/** @typedef {import("./api.js").Hit} Hit */
/**
 * @typedef {object} ViewerEvents
 * @property {(key: string, beside: boolean) => void} open beside: a neighbour, not a step further in
 * @property {(key: string) => void} similar
 * @property {(words: string) => void} search
 * @property {() => void} close
 * @property {(key: string) => void} closed with the picture shown last
 * @property {() => void} more the last pictures are near
 */

const RELATIVES = 6;
/** Stepping through pictures should not ask for the relatives of each. */
const PAUSE_MS = 200;
/** So many pictures before the last one, more are asked for. */
const SOON = 6;
/** Small pictures are enlarged up to this. */
const SMALLEST = 480;

/** @param {string} key @returns {Hit} */
const unknown = (key) => ({ key, score: NaN, name: `Picture ${key}`, path: "", width: 0, height: 0, category: "", format: "", tags: [] });

/** @param {string} name @param {string} text @param {() => void} click */
const tool = (name, text, click) => el("button", { class: "round", type: "button", "aria-label": text, title: text, click }, icon(name));

/** The thumbnail, which is here already, until the original is. @param {Hit} hit */
function picture(hit) {
  const image = el("img", { alt: hit.name, src: thumbnail(hit.key, 512), width: hit.width || 512, height: hit.height || 512 });
  image.style.maxWidth = `${Math.max(hit.width, SMALLEST)}px`;
  image.style.maxHeight = `${Math.max(hit.height, SMALLEST)}px`;
  const full = new Image();
  full.src = original(hit.key);
  full.decode().then(() => (image.src = full.src), () => image.complete && !image.naturalWidth && image.replaceWith(broken(hit)));
  return image;
}

/** @param {Hit} hit */
function facts(hit) {
  const rows = Object.entries({
    Category: label(hit.category),
    Size: hit.width && hit.height ? `${number(hit.width)} × ${number(hit.height)}` : "",
    Format: hit.format.toUpperCase(),
    File: hit.path,
  }).filter(([, value]) => value);
  return el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** @param {Hit} hit */
function aboutMatch(hit) {
  if (Number.isNaN(hit.score)) return null;
  return el("details", { class: "about" }, el("summary", {}, "Similarity ", el("span", { class: "figure" }, score(hit.score))), el("p", { class: "note" }, aboutScore(hit.score)));
}

async function copyAddress() {
  await navigator.clipboard.writeText(location.href).then(() => toast("Link copied."), () => toast("The link is in the address bar."));
}

export class Viewer {
  #dialog = byId("viewer");
  #key = ""; #last = "";
  /** @type {Hit[]} */ #hits = [];
  /** @type {Map<string, Hit>} */ #known = new Map();
  /** @type {AbortController | null} */ #asking = null;
  #on;

  /** @param {ViewerEvents} on */
  constructor(on) {
    this.#on = on;
    // The browser closes dialogs on Escape. The address has to follow, which takes it a moment; the keys are the page's at once.
    this.#dialog.addEventListener("close", () => {
      const shown = this.#key;
      this.show("");
      if (shown) on.close();
      on.closed(this.#last);
    });
    this.#dialog.addEventListener("click", (/** @type {Event} */ event) => event.target === this.#dialog && on.close());
  }

  /** The picture shown, empty if closed. */
  get key() { return this.#key; }

  /** The pictures to step through. @param {Hit[]} hits */
  among(hits) {
    this.#hits = hits;
    for (const hit of hits) this.#known.set(hit.key, hit);
    if (this.#key) this.#updateSteps();
  }

  /** Shows a picture, or closes if there is none to show. @param {string} key */
  show(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#asking?.abort();
    if (!key) return this.#dialog.close();
    this.#last = key;
    this.#fill(this.#known.get(key) ?? unknown(key));
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#relatives(key);
  }

  /** Shows the next (1) or previous (-1) picture. @param {number} way @returns {boolean} */
  step(way) {
    const next = this.#neighbour(way);
    if (next) this.#on.open(next.key, true);
    if (!this.#neighbour(SOON * way)) this.#on.more();
    return Boolean(next);
  }

  /** @param {number} way */
  #neighbour(way) {
    const at = this.#hits.findIndex((hit) => hit.key === this.#key);
    return at < 0 ? undefined : this.#hits[at + way];
  }

  /** @param {Hit} hit */
  #fill(hit) {
    this.#dialog.replaceChildren(
      el("div", { class: "stage" }, this.#arrow("left", "Previous picture", -1), picture(hit), this.#arrow("right", "Next picture", 1)),
      el("div", { class: "sheet" }, this.#tools(hit), ...this.#sheet(hit)),
    );
    this.#updateSteps();
  }

  /** @param {string} name @param {string} text @param {number} way */
  #arrow(name, text, way) {
    const button = tool(name, text, () => this.step(way));
    button.classList.add("step", name);
    return button;
  }

  #updateSteps() {
    for (const [name, way] of /** @type {[string, number][]} */ ([["left", -1], ["right", 1]])) {
      const button = this.#dialog.querySelector(`.step.${name}`);
      if (button) button.hidden = !this.#neighbour(way);
    }
  }

  /** @param {Hit} hit */
  #tools(hit) {
    const close = tool("close", "Close", this.#on.close);
    close.autofocus = true;
    const download = el("a", { class: "round", href: original(hit.key), download: hit.path.split("/").pop() || hit.key, "aria-label": "Download", title: "Download" }, icon("download"));
    return el("div", { class: "sheet-tools" }, tool("link", "Copy link", copyAddress), download, close);
  }

  /** @param {Hit} hit */
  #sheet(hit) {
    const tags = hit.tags.map((tag) => el("button", { class: "chip", type: "button", title: "Search for this", click: () => this.#on.search(tag) }, tag));
    return [
      el("h2", { id: "viewer-name" }, hit.name),
      tags.length ? el("div", { class: "tags", role: "group", "aria-label": "Tags" }, ...tags) : null,
      facts(hit),
      aboutMatch(hit),
      el("button", { class: "button primary", type: "button", click: () => this.#on.similar(hit.key) }, icon("similar"), "More like this"),
      el("div", { class: "relatives", role: "group", "aria-label": "Similar pictures" }),
    ];
  }

  /** @param {string} key */
  async #relatives(key) {
    const asking = (this.#asking = new AbortController());
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (asking.signal.aborted) return;
    // Relatives are a gift: without them the picture is still there.
    const answer = await find({ ...NOTHING, like: key }, 0, asking.signal, RELATIVES + 1).catch(() => null);
    if (!answer || asking.signal.aborted) return;
    const others = answer.hits.filter((hit) => hit.key !== key).slice(0, RELATIVES);
    // Their scores are about this picture, not about the reader's search.
    for (const hit of others) if (!this.#known.has(hit.key)) this.#known.set(hit.key, { ...hit, score: NaN });
    this.#dialog.querySelector(".relatives").replaceChildren(...others.map((hit) => this.#relative(hit)));
  }

  /** @param {Hit} hit */
  #relative(hit) {
    const image = el("img", { alt: hit.name, src: thumbnail(hit.key, 128), width: 96, height: 96, error: () => image.replaceWith(broken(hit)) });
    return el("button", { type: "button", title: hit.name, click: () => this.#on.open(hit.key, false) }, image);
  }
}
