// TIFF (revision 6.0) as facecrypt writes it: strips without compression, samples interleaved.
import { latin1, viewOf } from "./bytes.js";
import { Problem, damaged } from "./problem.js";

const [WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS] = [256, 257, 258, 259, 262, 273];
const [SAMPLES, STRIP_BYTES, PLANAR, PREDICTOR, TILE, FORMAT] = [277, 279, 284, 317, 322, 339];
const ICC = 34675;
const SIZES = { 1: 1, 3: 2, 4: 4, 7: 1 };

export function isTiff(data) {
  return /^(II\*\0|MM\0\*)/.test(latin1(data.subarray(0, 4)));
}

/** Samples as of decodePng, and the profile or null; TIFF of other kinds is a problem. */
export function decodeTiff(data) {
  const tags = directory(data);
  const one = (tag, usual) => (tags.get(tag) ?? [usual])[0];
  const [width, height, channels] = [one(WIDTH, 0), one(HEIGHT, 0), one(SAMPLES, 1)];
  const bits = [...new Set(tags.get(BITS) ?? [1])];
  const plain =
    one(COMPRESSION, 1) === 1 && one(PLANAR, 1) === 1 && one(PREDICTOR, 1) === 1 && !tags.has(TILE);
  const known =
    [8, 16].includes(bits[0]) &&
    bits.length === 1 &&
    [...(tags.get(FORMAT) ?? [1])].every((kind) => kind === 1) &&
    [1, 3, 4].includes(channels) &&
    one(PHOTOMETRIC, -1) === (channels === 1 ? 1 : 2);
  if (!plain || !known) throw new Problem("tiff");
  const samples = new Uint8Array((width * height * channels * bits[0]) / 8);
  let at = 0;
  (tags.get(STRIPS) ?? []).forEach((start, i) => {
    const strip = data.subarray(start, start + tags.get(STRIP_BYTES)[i]);
    if (at + strip.length > samples.length) throw damaged("the TIFF's strips");
    samples.set(strip, at);
    at += strip.length;
  });
  if (at !== samples.length || !at) throw damaged("the TIFF's strips");
  if (bits[0] === 16 && !isLittle(data))
    for (let i = 0; i < at; i += 2) samples.subarray(i, i + 2).reverse();
  const profile = tags.get(ICC);
  const icc = profile ? Uint8Array.from(profile) : null;
  return { picture: { width, height, channels, depth: bits[0], samples }, icc };
}

function isLittle(data) {
  return data[0] === 0x49;
}

/** The numbers of each tag that has some. */
function directory(data) {
  const [view, little] = [viewOf(data), isLittle(data)];
  const found = new Map();
  try {
    const start = view.getUint32(4, little);
    const count = view.getUint16(start, little);
    for (let at = start + 2; at < start + 2 + 12 * count; at += 12) {
      const size = SIZES[view.getUint16(at + 2, little)];
      const number = view.getUint32(at + 4, little);
      if (!size || number > data.length) continue;
      const place = size * number <= 4 ? at + 8 : view.getUint32(at + 8, little);
      const read = { 1: "getUint8", 2: "getUint16", 4: "getUint32" }[size];
      const values = Array.from({ length: number }, (_, i) => view[read](place + size * i, little));
      found.set(view.getUint16(at, little), values);
    }
  } catch (error) {
    if (error instanceof RangeError) throw damaged("the TIFF is cut short");
    throw error;
  }
  return found;
}
