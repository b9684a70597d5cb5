// Where two texts differ.

/** More pieces than this are not compared one by one. */
const MAX_PIECES = 1500;

const pieces = (text) => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) ?? [];

/** The two texts as lists of [text, differs]. A side that lacks something has an empty text there that differs. */
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
    for (const [same, one, other] of compared(middleA, middleB)) {
      if (same) both(one);
      else { sides[0].push([one, true]); sides[1].push([other, true]); }
    }
  }
  both(a.slice(a.length - end).join(""));
  return sides;
}

/** Stretches of [same, text of the one, text of the other], by the longest common subsequence. */
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
  const stretches = [];
  const add = (same, one, other) => {
    const last = stretches.at(-1);
    if (last?.[0] === same) { last[1] += one; last[2] += other; } else stretches.push([same, one, other]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { add(true, a[i], b[j]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) { add(false, a[i], ""); i += 1; }
    else { add(false, "", b[j]); j += 1; }
  }
  return stretches;
}
