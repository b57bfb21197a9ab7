// What is promised, as thresholds: a run that breaks one ends with status 99.

/** Milliseconds that 95 % and 99 % of the answered searches may take. */
export const P95 = 50;
export const P99 = 100;

/** Every search is answered in time, by what it asked for; none was held back because the caller had none free to send it. */
export const PROMISE = {
  answered_ms: [`p(95)<${P95}`, `p(99)<${P99}`],
  failed: ["rate==0"],
  refused: ["rate==0"],
  checks: ["rate==1"],
  dropped_iterations: ["count==0"],
};

/** What a run reports of every time. */
export const STATISTICS = ["count", "min", "med", "p(95)", "p(99)", "max"];

/** Seconds until the rate is reached. @param {number} seconds at that rate */
export const rise = (seconds) => Math.min(10, Math.ceil(seconds / 10));

/**
 * `rate` searches a second for so many seconds, after a rise from a tenth of it; whether or not the service keeps up.
 * @param {{rate: number, seconds: number, exec?: string}} load
 */
export const steady = ({ rate, seconds, exec }) => ({
  executor: "ramping-arrival-rate",
  startRate: Math.ceil(rate / 10),
  timeUnit: "1s",
  preAllocatedVUs: Math.ceil(Math.max(10, rate / 2)),
  maxVUs: Math.ceil(Math.max(20, rate * 4)),
  stages: [
    { target: Math.ceil(rate), duration: `${rise(seconds)}s` },
    { target: Math.ceil(rate), duration: `${Math.ceil(seconds)}s` },
  ],
  gracefulStop: "12s",
  ...(exec ? { exec } : {}),
});
