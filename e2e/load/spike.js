// From what the service can do to five times as much within two seconds, and back. What it takes it must answer in time; what it does
// not take it must refuse at once, saying when to come again; afterwards all is as before.
import { scenario } from "k6/execution";
import { phrase, somewhere } from "./lib/queries.js";
import { ready, search } from "./lib/searching.js";
import { rate, seconds } from "./lib/settings.js";
import { P95, P99, STATISTICS } from "./lib/slo.js";
export { handleSummary } from "./lib/summary.js";

const CAPACITY = Math.ceil(rate(40));
const LONG = Math.ceil(seconds(20));
const TIMES = 5;
const RISE = 2;
/** For what still waits when the spike is over. */
const SETTLE = 5;

/** @param {number} begin seconds @param {number} from @param {number} to searches a second @param {number} over seconds of the change */
const phase = (begin, from, to, over) => ({
  executor: "ramping-arrival-rate",
  startTime: `${begin}s`,
  startRate: from,
  timeUnit: "1s",
  preAllocatedVUs: 2 * to,
  maxVUs: to * 10,
  stages: [
    { target: to, duration: `${over}s` },
    { target: to, duration: `${LONG}s` },
  ],
  gracefulStop: "12s",
});

const SPIKE = LONG + 1;
const AFTER = SPIKE + RISE + LONG + SETTLE;

export const options = {
  scenarios: {
    before: phase(0, CAPACITY, CAPACITY, 1),
    spike: phase(SPIKE, CAPACITY, TIMES * CAPACITY, RISE),
    after: phase(AFTER, CAPACITY, CAPACITY, 1),
  },
  thresholds: {
    "answered_ms{scenario:before}": [`p(95)<${P95}`, `p(99)<${P99}`],
    "answered_ms{scenario:spike}": [`p(99)<${P99}`],
    "answered_ms{scenario:after}": [`p(95)<${P95}`, `p(99)<${P99}`],
    "refused{scenario:before}": ["rate==0"],
    "refused{scenario:spike}": ["rate<=1"], // to have the share in the summary
    "refused{scenario:after}": ["rate==0"],
    refused_with_retry_after: ["rate==1"],
    failed: ["rate==0"],
    checks: ["rate==1"],
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: STATISTICS,
};

export function setup() {
  const from = somewhere();
  ready(phrase(from));
  return from + 1;
}

// Three scenarios count their own iterations, so each has a part of the phrases.
const PLACE = { before: 0, spike: 100000, after: 200000 };

/** @param {number} from */
export default (from) => search(phrase(from + PLACE[scenario.name] + scenario.iterationInTest));
