// Searches that nobody asked before: each one is encoded, and the store is asked.
import { scenario } from "k6/execution";
import { phrase, somewhere } from "./lib/queries.js";
import { ready, search } from "./lib/searching.js";
import { rate, seconds } from "./lib/settings.js";
import { PROMISE, STATISTICS, steady } from "./lib/slo.js";
export { handleSummary } from "./lib/summary.js";

export const options = {
  scenarios: { search: steady({ rate: rate(20), seconds: seconds(60) }) },
  thresholds: PROMISE,
  summaryTrendStats: STATISTICS,
};

export function setup() {
  const from = somewhere();
  ready(phrase(from));
  return from + 1;
}

/** @param {number} from */
export default (from) => search(phrase(from + scenario.iterationInTest));
