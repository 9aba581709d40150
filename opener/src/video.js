// Sealed videos: the original, or clips of people, chunk by chunk and never whole in memory.
import { sha256 as incremental } from "@noble/hashes/sha2.js";

import { equal, hex, join, latin1, readBe8, utf8, viewOf } from "./bytes.js";
import { expand, openGcm, sha256 } from "./crypto.js";
import { aadOf, entryOf, forgottenParts, parseHeader, partsOf, pictureId } from "./header.js";
import { CHUNK, unlock, unmixed } from "./parts.js";
import { DESCRIPTION } from "./payload.js";
import { bytesAt, findPlace, publicBytes } from "./places.js";
import { Problem, damaged } from "./problem.js";

const TAG = 16;
const MAX_HEADER = 16 << 20;
const MOST_HEAD = 1024;
const PLACEMENT = 28;
// The browser hashes ten times as fast as JavaScript, but only what is whole in memory.
const AT_ONCE = 256 << 20;

/**
 * The payloads that may be a video's: where the parts lie in the file that holds them.
 *
 * @param {File} file
 * @param {File[]} beside sidecars that were chosen with it
 */
export async function readVideo(file, beside) {
  const place = await findPlace(file);
  if (place) return [{ ...(await stored(file, place.offset, place.size)), place }];
  const found = [];
  for (const one of beside) {
    const payload = await stored(one, 0, one.size);
    const id = await pictureId(payload.header);
    if (one.name.endsWith(`.${id.slice(0, 16)}.fcrypt`)) found.push({ ...payload, place: null });
  }
  if (!found.length) throw new Problem(beside.length ? "other-sidecar" : "not-sealed");
  return found;
}

/** A payload all but its parts, of which the places are told: `file`, and spans of each. */
async function stored(file, offset, size) {
  const outer = await boxAt(file, offset, offset + size);
  if (outer.kind !== "jumb" || outer.end !== offset + size)
    throw damaged("the payload is not one box");
  const found = [];
  for (let at = outer.start; at < outer.end; at = found.at(-1).end)
    found.push(await boxAt(file, at, outer.end));
  const [description, text, ...parts] = found;
  if (description?.kind !== "jumd" || text?.kind !== "json" || !(await isOurs(file, description)))
    throw damaged("the payload does not begin with a header");
  if (text.end - text.start > MAX_HEADER) throw damaged("the header is too large");
  const header = parseHeader(await bytesAt(file, text.start, text.end));
  if (header.carrier !== "video") throw new Problem("converted");
  const count = header.regions.length;
  const kinds = partsOf(header).map((_, index) => (index < count ? "fcRg" : "fcPv"));
  if (parts.map(({ kind }) => kind).join() !== kinds.join())
    throw damaged("parts are missing or too many");
  const spans = parts.map(({ start, end }) => ({ start, length: end - start }));
  if (forgottenParts(header).some((index) => spans[index].length))
    throw damaged("a part that was forgotten is there");
  return { header, file, regions: spans.slice(0, count), private: spans.slice(count) };
}

async function isOurs(file, { start, end }) {
  return equal(await bytesAt(file, start, end), DESCRIPTION);
}

async function boxAt(file, at, limit) {
  const head = await bytesAt(file, at, Math.min(at + 16, limit));
  if (head.length < 8) throw damaged("the payload is cut short");
  let size = viewOf(head).getUint32(0);
  let start = 8;
  if (size === 1 && head.length === 16) {
    size = readBe8(head, 8);
    start = 16;
    if (size < 2 ** 32) throw damaged("a size is not in its short form");
  }
  if (size < start || size > limit - at) throw damaged("the payload is cut short");
  return { kind: latin1(head.subarray(4, 8)), start: at + start, end: at + size };
}

/**
 * The original, or the clips that region keys open.
 *
 * @param {File} file the public video
 * @param {object} payload of readVideo
 * @param {(share: number) => void} tell how far it is
 */
export async function openVideo(file, payload, keys, kernel, { allowEdited }, tell) {
  const { header } = payload;
  const unlocked = await unlock(header, keys);
  const last = header.regions.length;
  const open = await chunkOpener(payload, kernel, tell);
  if (unlocked.keys.has(last)) {
    const { blob, suffix } = await original(open(last, unlocked.keys.get(last)));
    return { files: [{ blob, suffix }], edited: false, whole: true, unlocked };
  }
  const edited = (await publicDigest(file, payload.place)) !== header.public_sha256;
  if (edited && !allowEdited) throw new Problem("edited");
  const files = [];
  for (const [index, key] of unlocked.keys) {
    if (!payload.regions[index].length) throw new Problem("no-clips");
    files.push({ blob: await clip(open(index, key)), suffix: `.${index}.mp4` });
  }
  return { files, edited, whole: false, unlocked };
}

async function publicDigest(file, place) {
  const label = utf8("facecrypt v2 public video");
  if (file.size <= AT_ONCE) {
    const pieces = [label];
    for await (const piece of publicBytes(file, place)) pieces.push(piece);
    return hex(await sha256(...pieces));
  }
  const digest = incremental.create().update(label);
  for await (const piece of publicBytes(file, place)) digest.update(piece);
  return hex(digest.digest());
}

/** Opens parts: chunks that are authentic each, and all together only when the last one came. */
async function chunkOpener({ header, file, regions, private: own }, kernel, tell) {
  const aad = await aadOf(header);
  return async function* open(index, key) {
    const { start, length } = [...regions, ...own][index];
    const aes = await expand(key, utf8("facecrypt v2 stream"));
    const chaos = await expand(key, utf8("facecrypt v2 logistic"));
    const person = index < regions.length;
    const digest = incremental.create().update(utf8("facecrypt v2 sealed"));
    const tag = entryOf(header, "tags", index);
    for (let at = 0, number = 0; number === 0 || at < length; ++number) {
      const end = length - at <= CHUNK;
      const size = Math.min(length - at, CHUNK + TAG);
      const data = await bytesAt(file, start + at, start + at + size);
      at += size;
      if (person) digest.update(data);
      const plain = await openGcm(aes, nonce(number, end), end ? join(data, tag) : data, aad);
      if (plain === null) throw new Problem("changed");
      const mixed = header.cipher !== "aes-256-gcm";
      const out = mixed ? await unmixed(plain, chaos, kernel, number) : plain;
      if (person && end && !equal(digest.digest(), entryOf(header, "digests", index)))
        throw new Problem("changed");
      tell(Math.min(at / length, 1));
      yield out;
      if (end) return;
    }
    throw damaged("a part has a length that there is not");
  };
}

function nonce(number, last) {
  const bytes = new Uint8Array(12);
  viewOf(bytes).setUint32(7, number);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** The file that was sealed. The browser keeps large blobs on the disk. */
async function original(chunks) {
  const { value: first } = await chunks.next();
  const size = first.length >= 4 ? viewOf(first).getUint32(0) : Infinity;
  if (size > MOST_HEAD || size > first.length - 4) throw damaged("the private part");
  const head = headOf(latin1(first.subarray(4, 4 + size)));
  const blobs = [new Blob([first.subarray(4 + size)])];
  for await (const chunk of chunks) blobs.push(new Blob([chunk]));
  const blob = new Blob(blobs);
  // That it is what was sealed, the tags of all chunks say already.
  if (blob.size <= AT_ONCE) {
    const digest = await sha256(new Uint8Array(await blob.arrayBuffer()));
    if (hex(digest) !== head.sha256) throw damaged("the private part");
  }
  return { blob, suffix: head.suffix };
}

function headOf(text) {
  try {
    const head = JSON.parse(text);
    if (/^(\.[^\x00-\x1f\x7f./\\:]{1,32})?$/.test(head.suffix)) return head;
  } catch {
    // As below.
  }
  throw damaged("the private part");
}

/** The clip in a part of a person; where its frames belong stands before it. */
async function clip(chunks) {
  const blobs = [];
  for await (const chunk of chunks) blobs.push(new Blob([chunk]));
  const part = new Blob(blobs);
  const count = viewOf(await bytesAt(part, 0, 4)).getUint32(0);
  const at = 4 + PLACEMENT * count;
  if (at + 8 > part.size) throw damaged("the part of a person");
  const size = readBe8(await bytesAt(part, at, at + 8), 0);
  if (at + 8 + size > part.size) throw damaged("the part of a person");
  return part.slice(at + 8, at + 8 + size, "video/mp4");
}
