// What people ask: few queries often, most of them once (Zipf's distribution), so that the cache has its share.
import { popular } from "./lib/queries.js";
import { ready, search } from "./lib/searching.js";
import { rate, seconds } from "./lib/settings.js";
import { PROMISE, STATISTICS, steady } from "./lib/slo.js";
export { handleSummary } from "./lib/summary.js";

export const options = {
  scenarios: { mixed: steady({ rate: rate(50), seconds: seconds(60) }) },
  thresholds: PROMISE,
  summaryTrendStats: STATISTICS,
};

export const setup = () => ready(popular());

export default () => search(popular());
