// What a run is told by its environment; every script reads it here, and `python -m e2e.load` sets it.

/** @param {string} name @param {number} otherwise */
const number = (name, otherwise) => {
  const value = Number(__ENV[`LOAD_${name}`] || otherwise);
  if (!(value > 0)) throw new Error(`LOAD_${name} must be a number above 0`);
  return value;
};

/** Where to ask: the service itself, or an ingress. */
export const TARGET = (__ENV.LOAD_TARGET || "http://127.0.0.1:8000").replace(/\/+$/, "");
/** The name by which an ingress knows the service. */
export const HOST = __ENV.LOAD_HOST || "";
export const API_KEY = __ENV.LOAD_API_KEY || "";
/** "samples": the collection has the sample pictures, so it is known what they should find; "nothing": it has others. */
export const EXPECT = __ENV.LOAD_EXPECT || "samples";
/** Searches a second; in `spike` the service's capacity. @param {number} otherwise */
export const rate = (otherwise) => number("RATE", otherwise);
/** Seconds at that rate. @param {number} otherwise */
export const seconds = (otherwise) => number("SECONDS", otherwise);
/** Files to write. */
export const SUMMARY = __ENV.LOAD_SUMMARY || "";
export const PAGE = __ENV.LOAD_PAGE || "";
