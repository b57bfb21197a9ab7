// How things are said: names, numbers, scores.

/**
 * "animals-nature" as a reader would write it.
 * @param {string} slug
 */
export function label(slug) {
  const words = slug.replace(/[-_]+/g, " ").trim();
  return words ? words[0].toUpperCase() + words.slice(1) : slug;
}

/** @param {number} value */
export const number = (value) => value.toLocaleString("en");

/** @param {number} count @param {string} one @param {string} many */
export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

/** @param {number} score */
export const score = (score) => score.toFixed(2);

/** Sub-millisecond stages keep a digit: "0 ms" would look like a fault. @param {number} ms */
export const duration = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/**
 * What the number on a picture means, in one breath.
 * @param {number} value
 */
export const aboutScore = (value) =>
  `Similarity ${value.toFixed(3)}: how close the picture's meaning is to your search, 1 being the same. ` +
  "Good matches for words often stay far below 1; what counts is the order. The bar compares with the best match.";
