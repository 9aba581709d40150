// Where the payload of a video lies: in MP4 and QuickTime the last box, in Matroska an attachment.
// Only heads are read, never the whole file.
import { equal, latin1, startsWith, utf8, viewOf } from "./bytes.js";
import { Problem, damaged } from "./problem.js";

const USERTYPE = "facecrypt sealed";
const NAME = utf8("sealed.fcrypt");
const EBML = Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3);
const [SEGMENT, ATTACHMENTS, ATTACHED] = [0x18538067, 0x1941a469, 0x61a7];
const [FILE_NAME, FILE_DATA] = [0x466e, 0x465c];
const BOXES = ["ftyp", "moov", "mdat", "wide", "free", "skip"];
const MOST = 1 << 20;
const BLOCK = 4 << 20;

export function isVideo(head) {
  return startsWith(head, EBML) || BOXES.includes(latin1(head.subarray(4, 8)));
}

/** Bytes of a file from one place to another. */
export async function bytesAt(file, start, end) {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

/**
 * @returns {Promise<{offset: number, size: number, start: number, end: number, fieldAt: number,
 *   field: Uint8Array} | null>} the payload is `size` bytes from `offset` on; what carries it lies
 *   from `start` to `end`; without it there are the bytes `field` at `fieldAt`
 */
export async function findPlace(file) {
  const matroska = startsWith(await bytesAt(file, 0, 4), EBML);
  const found = matroska ? await attachments(file) : await boxes(file);
  if (found.length > 1) throw damaged("there are two payloads");
  if (found.length && found[0].end > file.size) throw new Problem("incomplete");
  return found[0] ?? null;
}

/** The public video, piece by piece: all of the file but what carries the payload. */
export async function* publicBytes(file, place) {
  if (place === null) return yield* between(file, 0, file.size);
  yield* between(file, 0, place.fieldAt);
  yield place.field;
  yield* between(file, place.fieldAt + place.field.length, place.start);
  return yield* between(file, place.end, file.size);
}

async function* between(file, start, end) {
  for (let at = start; at < end; at += BLOCK) yield bytesAt(file, at, Math.min(at + BLOCK, end));
}

async function boxes(file) {
  const found = [];
  for (let at = 0, count = 0; at + 8 <= file.size; ++count) {
    if (count === MOST) throw new Problem("too-large");
    const head = await bytesAt(file, at, at + 32);
    let size = viewOf(head).getUint32(0);
    let body = 8;
    if (size === 1 && head.length >= 16) {
      size = Number(viewOf(head).getBigUint64(8));
      body = 16;
    } else if (size === 0) size = file.size - at;
    if (size < body) break;
    const ours = latin1(head.subarray(body, body + 16)) === USERTYPE && size >= body + 16;
    if (latin1(head.subarray(4, 8)) === "uuid" && ours) {
      const offset = at + body + 16;
      const end = at + size;
      const none = { fieldAt: 0, field: new Uint8Array(0) };
      found.push({ offset, size: end - offset, start: at, end, ...none });
    }
    at += size;
  }
  return found;
}

// ---- Matroska (RFC 8794, RFC 9559) ----------------------------------------------------------

async function attachments(file) {
  const found = [];
  for await (const segment of elements(file, 0, file.size)) {
    if (segment.ident !== SEGMENT) continue;
    const stop = Math.min(segment.end ?? file.size, file.size);
    for await (const one of elements(file, segment.body, stop))
      if (one.ident === ATTACHMENTS) found.push(...(await inAttachments(file, segment, one)));
    break;
  }
  return found;
}

async function inAttachments(file, segment, whole) {
  const files = [];
  for await (const one of elements(file, whole.body, whole.end ?? file.size))
    if (one.ident === ATTACHED) files.push(one);
  const found = [];
  for (const one of files) {
    let data = null;
    let ours = false;
    for await (const child of elements(file, one.body, one.end ?? file.size)) {
      if (child.ident === FILE_NAME)
        ours = equal(await bytesAt(file, child.body, child.end ?? file.size), NAME);
      if (child.ident === FILE_DATA) data = child;
    }
    // Alone, it takes its parent with it; beside others, its parent stays.
    if (ours && data) found.push(placeOf(file, segment, files.length === 1 ? whole : one, data));
  }
  return found;
}

function placeOf(file, segment, whole, data) {
  const [start, end] = [whole.start, whole.end ?? file.size];
  const place = { offset: data.body, size: (data.end ?? file.size) - data.body, start, end };
  if (segment.end === null) return { ...place, fieldAt: 0, field: new Uint8Array(0) };
  const size = segment.end - segment.body - (end - start);
  const field = new Uint8Array(segment.body - segment.sizeAt);
  let left = BigInt(size) | (1n << BigInt(7 * field.length));
  for (let i = field.length - 1; i >= 0; --i, left >>= 8n) field[i] = Number(left & 255n);
  return { ...place, fieldAt: segment.sizeAt, field };
}

/** The elements between two places; one of unknown size counts as empty. */
async function* elements(file, from, end) {
  for (let at = from, count = 0; at < end; ++count) {
    if (count === MOST) throw new Problem("too-large");
    const head = await bytesAt(file, at, Math.min(at + 12, end));
    const width = Math.clz32(head[0]) - 23;
    const sizeWidth = Math.clz32(head[width]) - 23;
    const body = width + sizeWidth;
    if (width > 4 || sizeWidth > 8 || !(head.length >= body)) return;
    const ident = head.subarray(0, width).reduce((number, byte) => number * 256 + byte, 0);
    const bits = head.subarray(width, body).reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
    const ones = (1n << BigInt(7 * sizeWidth)) - 1n;
    const size = bits & ones;
    const after = size === ones ? null : at + body + Number(size);
    yield { ident, start: at, sizeAt: at + width, body: at + body, end: after };
    at = after ?? at + body;
  }
}
