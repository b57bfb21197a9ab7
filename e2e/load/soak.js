// The same for long: two minutes here, as many hours as SECONDS says. The last part must be as fast as the promise, too.
import { popular } from "./lib/queries.js";
import { ready, search } from "./lib/searching.js";
import { rate, seconds } from "./lib/settings.js";
import { P95, P99, PROMISE, rise, STATISTICS, steady } from "./lib/slo.js";
export { handleSummary } from "./lib/summary.js";

const LONG = Math.ceil(seconds(120));
const PER_SECOND = rate(20);
const LAST = Math.ceil(LONG / 4);
const last = steady({ rate: PER_SECOND, seconds: LAST });

export const options = {
  scenarios: {
    soak: steady({ rate: PER_SECOND, seconds: LONG - LAST }),
    // It begins where the other ends, at full rate.
    last: { ...last, startTime: `${LONG - LAST + rise(LONG - LAST)}s`, startRate: Math.ceil(PER_SECOND), stages: last.stages.slice(1) },
  },
  thresholds: { ...PROMISE, "answered_ms{scenario:last}": [`p(95)<${P95}`, `p(99)<${P99}`] },
  summaryTrendStats: STATISTICS,
};

export const setup = () => ready(popular());

export default () => search(popular());
