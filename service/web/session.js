// One search at a time: a new one ends the one before, late answers are dropped, earlier results come back at once.
import { isEmpty, signature } from "./state.js";

/** @typedef {import("./api.js").Answer} Answer */
/** @typedef {import("./api.js").Hit} Hit */
/** @typedef {import("./state.js").State} State */
/**
 * @typedef {object} Search
 * @property {State} state
 * @property {"waiting" | "shown" | "failed"} phase
 * @property {Hit[]} hits
 * @property {Answer | null} answer   the first page's, for the summary and the timing
 * @property {boolean} complete       no further page
 * @property {boolean} extending      a further page is on its way
 * @property {any} failure
 * @property {number} at              when it was asked
 * @property {number} scroll          where the reader was
 */

/** How long, and how many, earlier results are shown again without asking. */
const FRESH_MS = 5 * 60_000;
const REMEMBERED = 30;
/** The service passes over so many results at most. */
const FURTHEST = 10_000;

/** @param {State} state @returns {Search} */
const begin = (state) => ({
  state, phase: "waiting", hits: [], answer: null, complete: false, extending: false, failure: null, at: Date.now(), scroll: 0,
});

export class Session {
  /** @type {Map<string, Search>} */ #memory = new Map();
  /** @type {Search | null} */ #current = null;
  /** @type {AbortController | null} */ #running = null;
  #find; #page; #changed;

  /**
   * @param {(state: State, offset: number, signal: AbortSignal) => Promise<Answer>} find
   * @param {number} page how many pictures a full answer has
   * @param {(search: Search | null, recalled: boolean) => void} changed called whenever there is something new to show
   */
  constructor(find, page, changed) {
    this.#find = find;
    this.#page = page;
    this.#changed = changed;
  }

  get current() { return this.#current; }

  /** Shows the results of `state`, from memory if it has them. @param {State} state */
  show(state) {
    const same = this.#current && signature(this.#current.state) === signature(state);
    if (same && (this.#current?.phase !== "waiting" || !this.#running?.signal.aborted)) return;
    this.#leave();
    if (isEmpty(state)) return this.#enter(null);
    const known = this.#memory.get(signature(state));
    if (known && Date.now() - known.at < FRESH_MS) return this.#enter(known, true);
    this.#enter(begin(state));
    this.#fetch();
  }

  /** Ends a running search: the reader goes on typing, and its answer would be out of date. */
  hush() {
    this.#running?.abort();
    if (!this.#current?.extending) return;
    this.#current.extending = false;
    this.#changed(this.#current, false);
  }

  /** Asks for the next page, unless that is under way or there is none. */
  more() {
    const search = this.#current;
    if (!search || search.phase !== "shown" || search.complete || search.extending) return;
    search.extending = true;
    search.failure = null;
    this.#changed(search, false);
    this.#fetch();
  }

  /** The same question again, after a failure. */
  retry() {
    const search = this.#current;
    if (!search) return;
    if (search.phase === "shown") return this.more();
    this.#enter(begin(search.state));
    this.#fetch();
  }

  #leave() {
    this.hush();
    if (this.#current) this.#current.scroll = scrollY;
  }

  /** @param {Search | null} search */
  #enter(search, recalled = false) {
    this.#current = search;
    this.#changed(search, recalled);
  }

  async #fetch() {
    const search = /** @type {Search} */ (this.#current);
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    const offset = search.extending ? search.hits.length : 0;
    try {
      const answer = await this.#find(search.state, offset, running.signal);
      if (!running.signal.aborted) this.#take(search, answer);
    } catch (failure) {
      if (!running.signal.aborted) this.#fail(search, failure);
    }
  }

  /** @param {Search} search @param {Answer} answer */
  #take(search, answer) {
    const known = new Set(search.hits.map((hit) => hit.key));
    const fresh = answer.hits.filter((hit) => !known.has(hit.key));
    search.hits.push(...fresh);
    // A short page is the last; a page without news would be asked for for ever.
    search.complete = answer.hits.length < this.#page || !fresh.length || search.hits.length > FURTHEST;
    search.answer ??= answer;
    Object.assign(search, { phase: "shown", extending: false, failure: null });
    this.#remember(search);
    this.#changed(search, false);
  }

  /** @param {Search} search @param {unknown} failure */
  #fail(search, failure) {
    // Without a right key there is nothing more to see, however much is shown already.
    const locked = /** @type {any} */ (failure).status === 401;
    Object.assign(search, { phase: search.hits.length && !locked ? "shown" : "failed", extending: false, failure });
    this.#changed(search, false);
  }

  /** @param {Search} search */
  #remember(search) {
    const name = signature(search.state);
    this.#memory.delete(name); // to the end of the Map: the first is the longest unused
    this.#memory.set(name, search);
    if (this.#memory.size > REMEMBERED) this.#memory.delete(/** @type {string} */ (this.#memory.keys().next().value));
  }
}
