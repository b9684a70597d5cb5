// Compares two texts.

/** Longer texts are not compared piece by piece. */
const MAX_PIECES = 1500;

const pieces = (text) => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) ?? [];

/** The two texts as lists of [text, differs]. Where a side lacks a piece, it has an empty text that differs. */
export function diff(left, right) {
  const [a, b] = [pieces(left), pieces(right)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [middleA, middleB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const sides = [[], []];
  const both = (text) => { if (text) for (const side of sides) side.push([text, false]); };
  both(a.slice(0, start).join(""));
  if (middleA.length || middleB.length) {
    for (const [same, left, right] of compared(middleA, middleB)) {
      if (same) both(left);
      else { sides[0].push([left, true]); sides[1].push([right, true]); }
    }
  }
  both(a.slice(a.length - end).join(""));
  return sides;
}

/** Runs of [same, left text, right text], by the longest common subsequence. */
function compared(a, b) {
  if (a.length > MAX_PIECES || b.length > MAX_PIECES) return [[false, a.join(""), b.join("")]];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = a[i] === b[j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const runs = [];
  const add = (same, left, right) => {
    const last = runs.at(-1);
    if (last?.[0] === same) { last[1] += left; last[2] += right; } else runs.push([same, left, right]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { add(true, a[i], b[j]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) { add(false, a[i], ""); i += 1; }
    else { add(false, "", b[j]); j += 1; }
  }
  return runs;
}
