// The HTTP API: one function per question, answers in the page's own terms, failures as Failure.
import { dropKey, heldKey, keepKey } from "./key.js";
import { fileOf } from "./pictures.js";
import { stages } from "./timing.js";

/** @typedef {import("./state.js").State} State */
/**
 * @typedef {object} Hit a picture found
 * @property {string} key
 * @property {number} score
 * @property {string} name
 * @property {string} path
 * @property {number} width
 * @property {number} height
 * @property {string} category
 * @property {string} format
 * @property {string[]} tags
 */
/**
 * @typedef {object} Answer
 * @property {Hit[]} hits
 * @property {number} total
 * @property {boolean} cached
 * @property {number} latency      milliseconds in the service
 * @property {number} roundTrip    milliseconds seen from here
 * @property {import("./timing.js").Stage[]} stages
 */

export const PAGE = 48;
/** How long a reader waits for an explanation, in seconds: the longest that the service allows. */
const EXPLANATION_S = 30;

/** Why there is no answer; `status` 0 is for a service that did not answer at all. */
export class Failure extends Error {
  /** @param {{status: number, title?: string, detail?: string, hint?: string, wait?: number, keyed?: boolean}} problem */
  constructor({ status, title = "", detail = "", hint = "", wait = 0, keyed = false }) {
    super(detail || title || `status ${status}`);
    Object.assign(this, { status, title, detail, hint, wait, keyed });
    /** @type {number} */ this.status = status;
    /** @type {string} */ this.title = title;
    /** @type {string} */ this.detail = detail;
    /** @type {string} */ this.hint = hint;
    /** @type {number} seconds until it makes sense to ask again, 0 if unknown */ this.wait = wait;
    /** @type {boolean} whether an API key was shown */ this.keyed = keyed;
  }
}

const base = new URL(document.querySelector('meta[name="api-base"]')?.getAttribute("content") ?? "./", document.baseURI);

/** @param {string} path */
const at = (path) => new URL(path, base).href;

/** @param {string} key @param {number} size 64, 128, 256 or 512 */
export const thumbnail = (key, size) => at(`thumbnails/${key}?size=${size}`);

/** @param {string} key */
export const original = (key) => at(`images/${key}`);

/** Retry-After is seconds or a date. @param {Headers} headers */
function waitOf(headers) {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : 1;
}

/** @param {Response} response @param {string} key @returns {Promise<Failure>} */
async function failureOf(response, key) {
  const problem = await response.json().catch(() => ({}));
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
  return new Failure({
    status: response.status,
    title: text(problem.title),
    detail: text(problem.detail),
    hint: text(problem.hint),
    wait: waitOf(response.headers),
    keyed: Boolean(key),
  });
}

/** Every request of a script passes here, and shows the key if there is one. @param {string} path @param {RequestInit} [init] @param {string} [key] */
async function ask(path, init = {}, key = heldKey()) {
  const headers = { ...init.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  const response = await fetch(at(path), { ...init, headers }).catch((error) => {
    throw error.name === "AbortError" ? error : new Failure({ status: 0 });
  });
  if (response.status === 401) dropKey(key);
  if (!response.ok) throw await failureOf(response, key);
  return response;
}

/**
 * Shows the service a key. A right one is kept, and comes back as the cookie that opens pictures: <img> sends no header.
 * @param {string} key
 */
export async function unlock(key) {
  // What no header can carry is no key, and need not be sent to find out.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Failure({ status: 401, keyed: true });
  await ask("session", { method: "POST" }, key);
  keepKey(key);
}

/** Forgets the key, here at once; the promise is about the cookie. */
export async function lock() {
  const ending = ask("session", { method: "DELETE" }); // with the key: before it is dropped
  dropKey();
  await ending;
}

/** @param {object} body @param {AbortSignal} signal */
const json = (body, signal) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

/** @param {Record<string, any>} body @param {Blob | undefined} file @param {AbortSignal} signal */
function form(body, file, signal) {
  if (!file) throw new Failure({ status: 410 });
  const fields = new FormData();
  fields.set("file", file, "picture");
  for (const [name, value] of Object.entries(body)) fields.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  return { method: "POST", body: fields, signal };
}

/** @param {State} state @param {number} offset @param {number} count */
const limits = (state, offset, count) => ({
  top_k: count,
  ...(offset && { offset }),
  ...(state.minimum && { score_threshold: state.minimum }),
  ...(state.categories.length && { filters: { category: state.categories } }),
});

/** @param {State} state @param {number} offset @param {AbortSignal} signal @param {number} count @returns {[string, RequestInit]} */
function question(state, offset, signal, count) {
  const common = limits(state, offset, count);
  if (state.picture) return ["search/image", form(common, fileOf(state.picture), signal)];
  if (state.like) return ["search/similar", json({ key: state.like, ...common }, signal)];
  return ["search", json({ query: state.query, ...common }, signal)];
}

/** @param {any} result @returns {Hit} */
function hitOf({ key, id, score, metadata = {} }) {
  return {
    key: String(key ?? id),
    score,
    name: String(metadata.title || metadata.file_name || metadata.file_path || key),
    path: String(metadata.file_path ?? ""),
    width: Number(metadata.width) || 0,
    height: Number(metadata.height) || 0,
    category: String(metadata.category ?? ""),
    format: String(metadata.format ?? ""),
    tags: Array.isArray(metadata.tags) ? metadata.tags.map(String) : [],
  };
}

/**
 * The pictures for a search, from `offset` on.
 * @param {State} state
 * @param {number} offset
 * @param {AbortSignal} signal
 * @param {number} [count]
 * @returns {Promise<Answer>}
 */
export async function find(state, offset, signal, count = PAGE) {
  const start = performance.now();
  const response = await ask(...question(state, offset, signal, count));
  const body = await response.json();
  return {
    hits: body.results.map(hitOf),
    total: Number(body.total) || 0,
    cached: body.cached === true,
    latency: Number(body.latency_ms) || 0,
    roundTrip: performance.now() - start,
    stages: stages(response.headers.get("Server-Timing") ?? ""),
  };
}

/** The language model that explains results; empty where none does. @returns {Promise<string>} */
export const explainedBy = async () => (await (await ask("explanations", { cache: "no-store" })).json()).model ?? "";

/**
 * What the language model says of the first results for words; empty where it says nothing within its time.
 * @param {State} state
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export async function explain(state, signal) {
  const asked = { query: state.query, ...limits(state, 0, PAGE), include_explanation: true };
  const { explanation, explanation_url: place } = await (await ask("search", json(asked, signal))).json();
  if (explanation || !place) return explanation ?? "";
  const id = encodeURIComponent(place.split("/").at(-1)); // `place` begins at the root, the page perhaps below it
  return (await (await ask(`explanations/${id}?wait=${EXPLANATION_S}`, { cache: "no-store", signal })).json()).explanation ?? "";
}

/**
 * How many pictures each value of a field has.
 * @param {string} field
 * @returns {Promise<Record<string, number>>}
 */
export const facets = async (field) => (await (await ask(`facets?field=${encodeURIComponent(field)}`)).json()).counts ?? {};

/**
 * How many pictures are indexed.
 * @returns {Promise<number>}
 */
export const size = async () => Number((await (await ask("collection")).json()).points) || 0;
