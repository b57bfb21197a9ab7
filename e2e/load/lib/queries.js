// What people ask. No word list is read: every VU can make the n-th query by itself.

/** Names that the small model finds among the sample pictures, each the title of one file. */
const NAMES = [
  "red heart", "watch", "owl", "bomb", "seedling", "tractor", "jeans", "lemon", "doughnut", "ambulance",
  "skull and crossbones", "sleeping face", "money-mouth face", "exploding head", "flag of Germany", "guide dog",
  "glass of milk", "fire extinguisher", "ear of corn", "magic wand", "telephone receiver", "shooting star",
];
const PARTS = [
  ["", "photo of a ", "drawing of a ", "close-up of a ", "portrait of a ", "picture of a ", "sketch of a ", "two of the "],
  ["", "red ", "blue ", "happy ", "old ", "little ", "black and white ", "funny "],
  ["cat", "dog", "house", "woman", "man in a hat", "child", "bicycle", "wooden boat", "train", "horse", "bird", "tree", "cake"],
  ["", " asleep", " in motion", " seen from above", " with an umbrella", " covered with snow", " eating lunch", " waiting", " jumping"],
  ["", " on the beach", " in a forest", " in front of a lake", " in the city", " under a bridge", " at a market"],
  ["", " at night", " in the morning", " in winter", " in the rain", " long ago", " on a sunny day"],
];
const COUNT = PARTS.reduce((product, part) => product * part.length, 1);
const STRIDE = 100003; // prime to COUNT: neighbours in number are not alike
const RANKS = 10000;
const EXPONENT = 1.05;

/** @typedef {{text: string, finds: string}} Query `finds`: a file's name, "" where nobody knows */

/** A query whose answer is known; a different one for each number up to the length of the list. @param {number} number @returns {Query} */
export function known(number) {
  const text = NAMES[number % NAMES.length];
  return { text, finds: `${text.toLowerCase().replace(/ /g, "-")}.png` };
}

/** A different phrase of one to fifteen words for each number; after 366,912 they come again. @param {number} number @returns {Query} */
export function phrase(number) {
  let place = ((number % COUNT) * STRIDE) % COUNT;
  let text = "";
  for (const part of PARTS) {
    text += part[place % part.length];
    place = Math.floor(place / part.length);
  }
  return { text: text.trim(), finds: "" };
}

/** A place in the phrases from which on nothing was asked before, most likely. */
export const somewhere = () => Math.floor(Math.random() * COUNT);

const sums = [];
for (let rank = 1, sum = 0; rank <= RANKS; rank += 1) sums.push((sum += rank ** -EXPONENT));

/** Zipf's distribution: few queries are asked often, most of them once. The most frequent ones have known answers. @returns {Query} */
export function popular() {
  const drawn = Math.random() * sums[RANKS - 1];
  let [low, high] = [0, RANKS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] < drawn) low = middle + 1;
    else high = middle;
  }
  return low < NAMES.length ? known(low) : phrase(low);
}
