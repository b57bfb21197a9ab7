// Justified rows: pictures keep their shape, rows fill the width, and adding pictures never moves a full row.

/** @typedef {{width: number, height: number}} Size */

/** Extreme panoramas and towers are cropped in the grid; the viewer shows them whole. @param {number} ratio */
const tame = (ratio) => Math.min(2.2, Math.max(0.66, ratio || 1));

/** @param {number[]} row @param {number} width @param {number} gap */
const heightOf = (row, width, gap) => (width - gap * (row.length - 1)) / row.reduce((sum, ratio) => sum + ratio, 0);

/**
 * How many of `ratios` from `start` on make the row whose height is nearest to `target`; 0 if they do not fill one.
 * Looks only at this row and the picture after it, so that earlier rows stay when pictures are added.
 * @param {number[]} ratios @param {number} start @param {number} width @param {number} target @param {number} gap
 */
function rowLength(ratios, start, width, target, gap) {
  for (let end = start + 1; end <= ratios.length; end++) {
    const height = heightOf(ratios.slice(start, end), width, gap);
    if (height > target) continue;
    const looser = end - start > 1 ? heightOf(ratios.slice(start, end - 1), width, gap) : Infinity;
    return looser - target < target - height ? end - start - 1 : end - start;
  }
  return 0;
}

/**
 * Sizes for pictures with these width/height ratios, in rows of about `target` height within `width`.
 * @param {number[]} given
 * @param {number} width
 * @param {number} target
 * @param {number} gap
 * @returns {Size[]}
 */
export function justify(given, width, target, gap) {
  const ratios = given.map(tame);
  /** @type {Size[]} */
  const sizes = [];
  let usual = target;
  while (sizes.length < ratios.length) {
    const count = rowLength(ratios, sizes.length, width, target, gap);
    const row = ratios.slice(sizes.length, count ? sizes.length + count : undefined);
    // The unfinished last row takes the height of the one above: columns of equal pictures stay columns.
    const height = Math.min(count ? Infinity : usual, heightOf(row, width, gap));
    usual = height;
    // Rounded down to a hundredth, or rounding up could push the last picture of a row into the next.
    sizes.push(...row.map((ratio) => ({ width: Math.floor(ratio * height * 100 - 1) / 100, height })));
  }
  return sizes;
}
