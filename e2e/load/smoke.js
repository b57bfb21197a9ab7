// Is it there, and does it find what is meant? Few searches, each with a known answer.
import { scenario } from "k6/execution";
import { known } from "./lib/queries.js";
import { ready, search } from "./lib/searching.js";
import { rate, seconds } from "./lib/settings.js";
import { PROMISE, STATISTICS, steady } from "./lib/slo.js";
export { handleSummary } from "./lib/summary.js";

export const options = {
  scenarios: { smoke: steady({ rate: rate(5), seconds: seconds(10) }) },
  thresholds: PROMISE,
  summaryTrendStats: STATISTICS,
};

export const setup = () => ready(known(0));

export default () => search(known(scenario.iterationInTest));
