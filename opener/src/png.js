// PNG (W3C, third edition): chunks with their checksums, samples, and files anew. No canvas: it
// multiplies by alpha and manages colours.
import { be4, join, latin1, startsWith, utf8, viewOf } from "./bytes.js";
import { deflate, inflate } from "./inflate.js";
import { Problem, damaged } from "./problem.js";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const COLOUR_TYPES = { 1: 0, 3: 2, 4: 6 };
const MAX_BYTES = 2 ** 31 - 1;
const MAX_PROFILE = 1 << 20;
const UP = 2;
// Adam7: where each pass begins, and its steps.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

export function isPng(data) {
  return startsWith(data, SIGNATURE);
}

// CRC[k] of a byte that k more bytes follow: so four are done at once.
const CRC = Array.from({ length: 4 }, () => new Uint32Array(256));
for (let byte = 0; byte < 256; ++byte) {
  let value = byte;
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  CRC[0][byte] = value;
}
for (let k = 1; k < 4; ++k)
  for (let byte = 0; byte < 256; ++byte)
    CRC[k][byte] = (CRC[k - 1][byte] >>> 8) ^ CRC[0][CRC[k - 1][byte] & 255];

function crc32(bytes) {
  const [one, two, three, four] = CRC;
  const whole = bytes.length & ~3;
  let value = -1;
  let i = 0;
  for (; i < whole; i += 4) {
    value ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    value =
      four[value & 255] ^
      three[(value >>> 8) & 255] ^
      two[(value >>> 16) & 255] ^
      one[value >>> 24];
  }
  for (; i < bytes.length; ++i) value = one[(value ^ bytes[i]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

const known = new WeakMap();

/** Kind and content of each chunk; whatever is wrong with one is damage. */
export function pngChunks(data) {
  // Checksums take their time: once for a file.
  if (!known.has(data)) known.set(data, checkedChunks(data));
  return known.get(data);
}

function checkedChunks(data) {
  const found = [];
  for (let at = 8, kind = ""; kind !== "IEND"; ) {
    if (at + 12 > data.length) throw damaged("the PNG is cut short");
    const size = viewOf(data).getUint32(at);
    kind = latin1(data.subarray(at + 4, at + 8));
    if (at + 12 + size > data.length) throw damaged("the PNG is cut short");
    const named = data.subarray(at + 4, at + 8 + size);
    if (crc32(named) !== viewOf(data).getUint32(at + 8 + size))
      throw damaged(`the PNG's chunk ${kind} fails its checksum`);
    if ((kind === "IHDR") !== (at === 8)) throw damaged("IHDR is not the first chunk of the PNG");
    found.push([kind, named.subarray(4)]);
    at += 12 + size;
  }
  return found;
}

/** The first chunk of a kind, or null. */
export function chunkOf(chunks, wanted) {
  return chunks.find(([kind]) => kind === wanted)?.[1] ?? null;
}

/**
 * Samples in raster order, 16-bit ones low byte first.
 *
 * @returns {Promise<{width: number, height: number, channels: number, depth: number,
 *   samples: Uint8Array}>} depth is 8 or 16
 */
export async function decodePng(chunks) {
  const head = headOf(chunkOf(chunks, "IHDR"));
  const { width, height, depth, colour, interlaced } = head;
  const bits = CHANNELS[colour] * depth;
  const passes = interlaced
    ? PASSES.map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)])
    : [[width, height]];
  const rowSize = (across) => Math.ceil((across * bits) / 8);
  const real = passes.filter(([across, down]) => across > 0 && down > 0);
  const total = real.reduce((sum, [across, down]) => sum + down * (1 + rowSize(across)), 0);
  if (total > MAX_BYTES) throw new Problem("too-large");
  const packed = join(...chunks.filter(([kind]) => kind === "IDAT").map(([, body]) => body));
  const raw = await inflate(packed, "deflate", total);
  if (raw?.length !== total) throw damaged("the PNG's pixels");
  const step = Math.max(1, bits >> 3);
  let rows = unfiltered(raw, real, rowSize, step);
  if (interlaced) rows = woven(rows, head, step);
  return plain(rows, head, chunks);
}

function headOf(body) {
  if (body?.length !== 13) throw damaged("the PNG's IHDR");
  const [width, height] = [viewOf(body).getUint32(0), viewOf(body).getUint32(4)];
  const [depth, colour, packing, filter, interlaced] = body.subarray(8);
  const small = colour === 3 || colour === 0 ? [1, 2, 4, 8] : [8];
  const known = colour in CHANNELS && [...small, ...(colour === 3 ? [] : [16])].includes(depth);
  if (!known || packing || filter || interlaced > 1 || !width || !height)
    throw damaged("the PNG's IHDR");
  return { width, height, depth, colour, interlaced };
}

/** The rows of all passes, without their filters. */
function unfiltered(raw, passes, rowSize, step) {
  let from = 0;
  let to = 0;
  for (const [across, down] of passes) {
    const size = rowSize(across);
    for (let y = 0; y < down; ++y) {
      // In place: what is written never comes up with what is read.
      const above = y ? to - size : -1;
      unfilter(raw, from + 1, to, size, step, above, raw[from]);
      from += 1 + size;
      to += size;
    }
  }
  return raw.subarray(0, to);
}

function unfilter(raw, from, to, size, step, above, kind) {
  if (kind > 4) throw damaged("the PNG's filters");
  if (kind === 0 || (kind === UP && above < 0)) {
    raw.copyWithin(to, from, from + size);
    return;
  }
  if (kind === UP) {
    for (let i = 0; i < size; ++i) raw[to + i] = raw[from + i] + raw[above + i];
    return;
  }
  for (let i = 0; i < size; ++i) {
    const a = i >= step ? raw[to + i - step] : 0;
    const b = above >= 0 ? raw[above + i] : 0;
    let near = kind === 1 ? a : (a + b) >> 1;
    if (kind === 4) near = paeth(a, b, i >= step && above >= 0 ? raw[above + i - step] : 0);
    raw[to + i] = raw[from + i] + near;
  }
}

function paeth(a, b, c) {
  const pa = Math.abs(b - c);
  const pb = Math.abs(a - c);
  const pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** The passes of an interlaced picture as one; of whole bytes a pixel. */
function woven(rows, { width, height, depth, colour }, step) {
  if (CHANNELS[colour] * depth < 8) throw damaged("an interlaced PNG of less than 8 bits");
  const out = new Uint8Array(width * height * step);
  let at = 0;
  for (const [x0, y0, dx, dy] of PASSES)
    for (let y = y0; y < height; y += dy)
      for (let x = x0; x < width; x += dx, at += step)
        out.set(rows.subarray(at, at + step), (y * width + x) * step);
  return out;
}

/** Samples of 8 or 16 bits: palettes looked up, 16 bits low byte first. */
function plain(rows, { width, height, depth, colour }, chunks) {
  const size = { width, height, depth: Math.max(8, depth) };
  if (depth === 16) swap(rows);
  if (depth >= 8 && colour !== 3 && colour !== 4)
    return { ...size, channels: CHANNELS[colour], samples: rows };
  if (colour === 4) throw damaged("gray with alpha is not sealed");
  const values = unpacked(rows, width, height, depth);
  if (colour === 0) {
    const scale = 255 / ((1 << depth) - 1);
    return { ...size, channels: 1, samples: values.map((value) => value * scale) };
  }
  const [palette, alpha] = [chunkOf(chunks, "PLTE"), chunkOf(chunks, "tRNS")];
  if (palette === null) throw damaged("a PNG without its palette");
  const channels = alpha ? 4 : 3;
  const samples = new Uint8Array(values.length * channels);
  values.forEach((value, i) => {
    samples.set(palette.subarray(3 * value, 3 * value + 3), i * channels);
    if (alpha) samples[i * 4 + 3] = alpha[value] ?? 255;
  });
  return { ...size, channels, samples };
}

function unpacked(rows, width, height, depth) {
  if (depth === 8) return rows;
  const out = new Uint8Array(width * height);
  const size = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x) {
      const bit = x * depth;
      const shift = 8 - depth - (bit & 7);
      out[y * width + x] = (rows[y * size + (bit >> 3)] >> shift) & ((1 << depth) - 1);
    }
  return out;
}

function swap(bytes) {
  for (let i = 0; i < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1], bytes[i]];
}

// ---- a file anew ----------------------------------------------------------------------------

/** A PNG of samples, with chunks before its pixels. */
export async function encodePng({ width, height, channels, depth, samples }, chunks) {
  const head = new Uint8Array(13);
  viewOf(head).setUint32(0, width);
  viewOf(head).setUint32(4, height);
  head.set([depth, COLOUR_TYPES[channels]], 8);
  const size = (width * channels * depth) / 8;
  const lines = new Uint8Array(height * (1 + size));
  const step = depth / 8;
  for (let y = 0; y < height; ++y) {
    const [to, from] = [y * (1 + size) + 1, y * size];
    lines[to - 1] = UP;
    for (let i = 0; i < size; ++i) {
      // The high byte of a 16-bit sample comes first.
      const at = from + (step === 2 ? i ^ 1 : i);
      lines[to + i] = samples[at] - (y ? samples[at - size] : 0);
    }
  }
  const packed = await deflate(new Blob([lines]).stream());
  const all = [["IHDR", head], ...chunks, ["IDAT", packed], ["IEND", new Uint8Array(0)]];
  return join(SIGNATURE, ...all.flatMap(([kind, body]) => chunk(kind, body)));
}

function chunk(kind, body) {
  const named = join(utf8(kind), body);
  return [be4(body.length), named, be4(crc32(named))];
}

/** The profile in an iCCP chunk; empty where it is damaged. */
export async function profileOf(body) {
  const end = body.indexOf(0);
  const profile = end < 0 ? null : await inflate(body.subarray(end + 2), "deflate", MAX_PROFILE);
  return profile ?? new Uint8Array(0);
}

/** The content of an iCCP chunk. */
export async function profileChunk(icc) {
  return join("ICC profile\0\0", await deflate(new Blob([icc]).stream()));
}
