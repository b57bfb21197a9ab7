// The reader's API key: in the sessionStorage of this tab and nowhere else, until the tab is closed or the key is forgotten.

const NAME = "api-key";

/** Storage may be forbidden (embedded pages): the key then lasts as long as the page. @template T @param {() => T} use */
function attempt(use) {
  try { return use(); } catch { return null; }
}

let held = attempt(() => sessionStorage.getItem(NAME)) ?? "";

/** The key to show to the service, empty if there is none. */
export const heldKey = () => held;

/** @param {string} key */
export function keepKey(key) {
  held = key;
  attempt(() => sessionStorage.setItem(NAME, key));
}

/** Forgets this key, unless another has taken its place. @param {string} [key] */
export function dropKey(key = held) {
  if (key !== held) return;
  held = "";
  attempt(() => sessionStorage.removeItem(NAME));
}
