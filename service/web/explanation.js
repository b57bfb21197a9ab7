// Why these pictures: what a language model says of the results. Asked for only when the reader opens it, as each answer costs something.
import { explain, explainedBy } from "./api.js";
import { byId } from "./dom.js";

/** @typedef {import("./session.js").Search} Search */

let model = "";
/** @type {Search | null} the one that is shown now */
let current = null;
/** @type {Search | null} the one that the panel speaks of */
let told = null;
let asking = new AbortController();

/** @param {string} text */
const say = (text) => (byId("why-text").textContent = text);

async function tell() {
  if (!byId("why").open || !current || told === current) return;
  const search = (told = current);
  asking = new AbortController();
  say("Thinking…");
  const text = await explain(search.state, asking.signal).catch(() => "");
  if (told !== search) return;
  say(text || "There is no explanation to be had now.");
  if (!text) told = null; // opened again, it is asked for again
}

/**
 * Offers an explanation of results for words, where the service has a language model. Closed when the results change.
 * @param {Search | null} search null for the start page
 */
export function renderExplanation(search) {
  if (search !== current) {
    asking.abort();
    told = null;
    byId("why").open = false;
  }
  current = search;
  byId("why").hidden = !model || search?.phase !== "shown" || !search.hits.length || !search.state.query;
}

/** Looks once whether there is anybody to explain. */
export async function offerExplanations() {
  model = await explainedBy().catch(() => "");
  byId("why-model").textContent = `By ${model}, which knows names, tags and scores, and has not seen the pictures.`;
  renderExplanation(current);
}

byId("why").addEventListener("toggle", tell);
