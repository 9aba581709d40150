// Which pixels a region owns: runs of them, row by row.

/**
 * Of each region the runs of pixels it owns, as numbers: first pixel, length, first pixel, ...
 * A pixel in several regions belongs to the first of them.
 *
 * @param {object[]} regions of the header
 * @param {number[]} grid its side and one corner
 */
export function claims(regions, height, width, grid) {
  const taken = regions.length > 1 ? new Uint8Array(height * width) : null;
  return regions.map((region) => {
    const spans = region.ellipse ? ellipseSpans(region.ellipse, grid) : boxSpans(region.box);
    const runs = [];
    for (const [y, x0, x1] of spans) {
      if (taken) takeFree(taken, y * width + x0, y * width + x1, runs);
      else runs.push(y * width + x0, x1 - x0);
    }
    return runs;
  });
}

function takeFree(taken, from, to, runs) {
  for (let at = from; at < to; ) {
    while (at < to && taken[at]) ++at;
    const first = at;
    while (at < to && !taken[at]) taken[at++] = 1;
    if (at > first) runs.push(first, at - first);
  }
}

function* boxSpans([x0, y0, x1, y1]) {
  for (let y = y0; y < y1; ++y) yield [y, x0, x1];
}

/** Of its box, all cells of the grid in which the ellipse has a pixel. */
function* ellipseSpans(box, [side, left, top]) {
  const [x0, y0, x1, y1] = box;
  const cellOf = (x, origin) => Math.floor((x - origin) / side);
  for (let y = y0; y < y1; ) {
    const end = Math.min(y1, (cellOf(y, top) + 1) * side + top);
    const widest = widestSpan(box, y, end);
    if (widest) {
      const from = Math.max(x0, cellOf(widest[0], left) * side + left);
      const to = Math.min(x1, (cellOf(widest[1] - 1, left) + 1) * side + left);
      for (let row = y; row < end; ++row) yield [row, from, to];
    }
    y = end;
  }
}

/** The pixels of the ellipse in rows [from, to), all of which have its middle among them. */
function widestSpan([x0, y0, x1, y1], from, to) {
  // The row nearest to the middle has the most.
  const middle = Math.floor((y0 + y1 - 1) / 2);
  const y = Math.min(Math.max(middle, from), to - 1);
  const [w, h] = [BigInt(x1 - x0), BigInt(y1 - y0)];
  const dy = BigInt(2 * (y - y0) + 1) - h;
  const inside = (x) => {
    const dx = BigInt(2 * (x - x0) + 1) - w;
    return (dx * h) ** 2n + (dy * w) ** 2n <= (w * h) ** 2n;
  };
  let [out, within] = [x0 - 1, Math.floor((x0 + x1 - 1) / 2)];
  if (!inside(within)) return null;
  while (within - out > 1) {
    const x = Math.floor((out + within) / 2);
    if (inside(x)) within = x;
    else out = x;
  }
  return [within, x0 + x1 - within];
}
