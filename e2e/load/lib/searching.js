// One search, and what its answer must be: about what was asked, whole, in order, and with the picture that was meant.
import http from "k6/http";
import { check, sleep } from "k6";
import { Rate, Trend } from "k6/metrics";
import { API_KEY, EXPECT, HOST, TARGET } from "./settings.js";

/** @typedef {import("./queries.js").Query} Query */

const TOP = 10;
/** Among how many of the first the picture must be that a known query means. */
const NEAR = 5;
const STAGES = ["validate", "cache", "encode", "search", "assemble"];

const headers = { "Content-Type": "application/json" };
if (HOST) headers.Host = HOST;
if (API_KEY) headers["X-API-Key"] = API_KEY;

const answered = new Trend("answered_ms", true);
const hits = new Trend("hit_ms", true);
const misses = new Trend("miss_ms", true);
const refusals = new Trend("refused_ms", true);
const stages = Object.fromEntries(STAGES.map((name) => [name, new Trend(`stage_${name}_ms`, true)]));
const failed = new Rate("failed");
const refused = new Rate("refused");
const polite = new Rate("refused_with_retry_after");

/** The service must answer before anything is measured: it is waited for, half a minute at most. @param {Query} first */
export function ready(first) {
  for (let tries = 0; tries < 60; tries += 1) {
    const { status, body } = post(first.text);
    if (status === 200) return;
    if (status !== 503 && status !== 0) throw new Error(`${TARGET} answers ${status}: ${String(body).slice(0, 200)}`);
    sleep(0.5);
  }
  throw new Error(`${TARGET} does not answer searches: it is not there, not ready, or overloaded.`);
}

/** @param {Query} query */
export function search(query) {
  const response = post(query.text);
  const answer = response.status === 200 ? read(response) : null;
  const shed = response.status === 503 || response.status === 429;
  refused.add(shed);
  failed.add(!answer && !shed);
  if (answer) timed(response, answer);
  if (shed) {
    refusals.add(response.timings.duration);
    polite.add(Number(response.headers["Retry-After"]) > 0);
  }
  if (!answer && !shed) told(response);
  if (answer) check(answer, rules(query));
}

/** @param {string} query */
const post = (query) =>
  http.post(`${TARGET}/search`, JSON.stringify({ query, top_k: TOP }), { headers, timeout: "10s", tags: { name: "search" } });

/** A failure is rare, and its words are what one needs to find out why. @param {import("k6/http").Response} response */
const told = ({ status, error, body, timings }) =>
  console.error(`${new Date().toISOString()} failed after ${timings.duration.toFixed(0)} ms: status ${status} ${error} ${String(body).slice(0, 200)}`);

/** An answer that is not JSON is a failure, whatever its status. @param {import("k6/http").Response} response */
function read(response) {
  try {
    return response.json();
  } catch {
    return null;
  }
}

/** @param {import("k6/http").Response} response @param {any} answer */
function timed(response, answer) {
  answered.add(response.timings.duration);
  (answer.cached ? hits : misses).add(response.timings.duration);
  for (const [, name, ms] of String(response.headers["Server-Timing"] || "").matchAll(/(\w+);dur=([\d.]+)/g)) {
    if (stages[name]) stages[name].add(Number(ms));
  }
}

/** @param {Query} query */
function rules(query) {
  const asked = {
    "answers what was asked": (answer) => answer.query === query.text,
    "has a whole page": (answer) => answer.results.length === TOP && answer.total === TOP,
    "goes down in score": ({ results }) => results.every((each, at) => at === 0 || each.score <= results[at - 1].score),
    "names each picture once": ({ results }) => new Set(results.map((each) => each.key)).size === results.length,
  };
  if (EXPECT === "samples" && query.finds) {
    asked["finds what was meant"] = ({ results }) => results.slice(0, NEAR).some((each) => each.metadata.file_name === query.finds);
  }
  return asked;
}
