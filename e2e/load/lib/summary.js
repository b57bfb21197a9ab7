// What a run has found, as JSON for programs, as a page for people, and in a few lines for a terminal.
import { pageOf } from "./page.js";
import { EXPECT, HOST, PAGE, SUMMARY, TARGET } from "./settings.js";

/**
 * @typedef {object} Times milliseconds
 * @property {number} count
 * @property {number} p50
 * @property {number} p95
 * @property {number} p99
 * @property {number} max
 */

/** k6 calls it at the end. @param {any} data */
export function handleSummary(data) {
  const found = summaryOf(data);
  const files = { stdout: `${linesOf(found).join("\n")}\n` };
  if (SUMMARY) files[SUMMARY] = `${JSON.stringify(found, null, 2)}\n`;
  if (PAGE) files[PAGE] = pageOf(found);
  return files;
}

/** @param {any} data */
function summaryOf({ metrics, state }) {
  const seconds = state.testRunDurationMs / 1000;
  const count = (name) => metrics[name]?.values.count ?? 0;
  const asked = metrics.failed?.values ? metrics.failed.values.passes + metrics.failed.values.fails : 0;
  const answered = times(metrics.answered_ms);
  return {
    target: TARGET,
    host: HOST,
    expected: EXPECT,
    seconds: round(seconds),
    asked,
    asked_a_second: round(asked / seconds),
    answered: answered?.count ?? 0,
    refused: metrics.refused?.values.passes ?? 0,
    failed: metrics.failed?.values.passes ?? 0,
    not_sent: count("dropped_iterations"),
    cached_share: answered ? round((times(metrics.hit_ms)?.count ?? 0) / answered.count, 4) : null,
    retry_after_share: metrics.refused_with_retry_after ? round(metrics.refused_with_retry_after.values.rate, 4) : null,
    milliseconds: Object.fromEntries(named(metrics, /^(?:answered|hit|miss|refused)_ms(?:\{.*\})?$/)),
    stages: Object.fromEntries(named(metrics, /^stage_.*_ms$/).map(([name, of]) => [name.slice(6, -3), of])),
    promises: Object.entries(metrics).flatMap(([name, { thresholds, values }]) => promises(name, thresholds, values)),
  };
}

/** @param {any} metrics @param {RegExp} pattern @returns {[string, Times][]} */
const named = (metrics, pattern) =>
  Object.keys(metrics).filter((name) => pattern.test(name)).sort().flatMap((name) => {
    const found = times(metrics[name]);
    return found ? [[name, found]] : [];
  });

/** @param {any} metric @returns {Times | null} */
function times(metric) {
  if (!metric?.values.count) return null;
  const { count, med, max, "p(95)": p95, "p(99)": p99 } = metric.values;
  return { count, p50: round(med), p95: round(p95), p99: round(p99), max: round(max) };
}

/** @param {string} metric @param {Record<string, {ok: boolean}>} thresholds @param {Record<string, number>} values */
const promises = (metric, thresholds = {}, values = {}) =>
  Object.entries(thresholds).map(([promise, { ok }]) => {
    const value = values[promise.split(/[<>=]/)[0]];
    return { metric, promise, kept: ok, seen: value === undefined ? null : round(value, 4) };
  });

/** @param {number} value */
const round = (value, digits = 2) => Number(value.toFixed(digits));

/** @param {ReturnType<typeof summaryOf>} found */
function linesOf(found) {
  const { milliseconds: ms, promises: all } = found;
  const rows = Object.entries({ ...ms, ...found.stages }).map(([name, of]) => `  ${name.padEnd(34)} P50 ${of.p50}  P95 ${of.p95}  P99 ${of.p99}  max ${of.max} ms (${of.count})`);
  return [
    `${found.asked} searches in ${found.seconds} s: ${found.answered} answered, ${found.refused} refused, ${found.failed} failed, ${found.not_sent} not sent`,
    ...rows,
    ...all.filter((each) => !each.kept).map((each) => `  NOT KEPT: ${each.metric} ${each.promise}, was ${each.seen}`),
    `  ${all.filter((each) => each.kept).length} of ${all.length} promises kept`,
  ];
}
