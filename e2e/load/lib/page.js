// The page of a run: one file that needs nothing else, tables and bars without a script.

/** @typedef {import("./summary.js").Times} Times */

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1a1c1e; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: block; height: .6rem; background: #3b6ea5; min-width: 1px; }
.no { color: #a3231f; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #16181a; } th, td { border-color: #333; } .no { color: #ff8a80; } }
`;

/** @param {unknown} text */
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {any} found what summary.js makes */
export function pageOf(found) {
  const facts = [
    ["asked", `${found.asked} searches in ${found.seconds} s, ${found.asked_a_second} a second, of ${found.target}${found.host ? ` as ${found.host}` : ""}`],
    ["answered", `${found.answered}; from the cache: ${share(found.cached_share)}`],
    ["refused", `${found.refused}; with Retry-After: ${share(found.retry_after_share)}`],
    ["failed", found.failed],
    ["not sent, as too many waited", found.not_sent],
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A load run of searchindex</title>
<style>${STYLE}</style>
<h1>A load run of searchindex</h1>
<table>${facts.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value)}</td></tr>`).join("")}</table>
<h2>Promises</h2>
<table><tr><th>of</th><th>promised</th><th class="figure">seen</th><th></th></tr>${found.promises.map(promise).join("")}</table>
<h2>Times, in milliseconds</h2>
${table({ ...found.milliseconds, ...Object.fromEntries(Object.entries(found.stages).map(([name, of]) => [`stage ${name}`, of])) })}
</html>
`;
}

/** @param {number | null} value */
const share = (value) => (value === null ? "none" : `${(100 * value).toFixed(1)} %`);

/** @param {any} each */
const promise = (each) =>
  `<tr><td>${escaped(each.metric)}</td><td>${escaped(each.promise)}</td><td class="figure">${each.seen ?? ""}</td>` +
  `<td class="${each.kept ? "yes" : "no"}">${each.kept ? "kept" : "not kept"}</td></tr>`;

/** @param {Record<string, Times>} rows */
function table(rows) {
  const longest = Math.max(...Object.values(rows).map((of) => of.p99), 1);
  const lines = Object.entries(rows).map(
    ([name, of]) =>
      `<tr><td>${escaped(name)}</td>${[of.count, of.p50, of.p95, of.p99, of.max].map((value) => `<td class="figure">${value}</td>`).join("")}` +
      `<td style="width:30%"><span class="bar" style="width:${((100 * of.p99) / longest).toFixed(1)}%" title="P99"></span></td></tr>`,
  );
  return `<table><tr><th></th>${["count", "P50", "P95", "P99", "max"].map((name) => `<th class="figure">${name}</th>`).join("")}<th>P99</th></tr>${lines.join("")}</table>`;
}
