// Pictures whose faces are sealed in their pixels.
import { hex, join } from "./bytes.js";
import { claims } from "./claims.js";
import { sha256 } from "./crypto.js";
import { canonical } from "./header.js";
import { unpackOriginal } from "./originals.js";
import { isSealed, partOpener, unlock } from "./parts.js";
import { chunkOf, decodePng, encodePng, pngChunks, profileChunk, profileOf } from "./png.js";
import { Problem, damaged } from "./problem.js";
import { decodeTiff, isTiff } from "./tiff.js";

const CHUNK = "fcRP";
// Of files that every browser shows.
const SHOWN = [".png", ".webp", ".gif", ".bmp", ".jpg", ".jpeg"];
// In the order in which they are written.
const COLOURS = { cICP: 4, mDCV: 24, cLLI: 8, sRGB: 1, gAMA: 4, cHRM: 32 };

/** The payload in a PNG, or null; a TIFF has none in it. */
export function findPayload(data) {
  if (isTiff(data)) return null;
  const found = [];
  for (const [kind, body] of pngChunks(data)) {
    if (kind === CHUNK) found.push(body);
    if (kind === "IDAT") break;
  }
  if (found.length > 1) throw damaged("there are two payloads");
  return found[0] ?? null;
}

/** What the keys open of a PNG or TIFF: the original, or a PNG; as of openJpeg. */
export async function openPixels(data, payload, keys, kernel, { allowEdited }) {
  const { header } = payload;
  const { picture, beside, kept } = await (isTiff(data) ? readTiff : readPng)(data);
  checkShape(picture, header);
  const unlocked = await unlock(header, keys);
  const { grid } = header.image;
  const owned = claims(header.regions, picture.height, picture.width, grid);
  const size = (picture.channels * picture.depth) / 8;
  const edited =
    (await publicDigest(picture.samples, owned, size, header)) !== header.public_sha256 ||
    !areErased(picture, owned, size, header) ||
    !(await areSealed(picture, owned, size, header, unlocked.keys)) ||
    (await isOther(beside, header));
  if (edited && !allowEdited) throw new Problem("edited");
  const open = await partOpener(header, kernel);
  const opened = { ...picture, samples: picture.samples.slice() };
  let original = null;
  for (const [index, key] of unlocked.keys) {
    if (index < owned.length) {
      const sealed = gather(picture.samples, owned[index], size);
      scatter(opened.samples, owned[index], size, await open(index, sealed, key));
    } else if (!edited) {
      original = await unpackOriginal(await open(index, payload.private[0], key), opened);
    }
  }
  const suffix = original ? header.image.original : ".png";
  const shown = SHOWN.includes(suffix) && original ? original : await encodePng(opened, kept);
  return { data: original ?? shown, shown, suffix, edited, whole: original !== null, unlocked };
}

/** Pixels, what is shown beside them, and the chunks of a PNG that say the same. */
async function readPng(data) {
  const chunks = pngChunks(data);
  const before = chunks.slice(0, chunks.findIndex(([kind]) => kind === "IDAT"));
  const [profile, exif] = [chunkOf(chunks, "iCCP"), chunkOf(chunks, "eXIf")];
  const beside = { icc: profile && (await profileOf(profile)), exif };
  for (const kind of Object.keys(COLOURS)) {
    const body = chunkOf(before, kind);
    beside[kind] = body?.length === COLOURS[kind] ? body : null;
  }
  const names = ["iCCP", "eXIf", ...Object.keys(COLOURS)];
  const kept = names.map((kind) => [kind, chunkOf(chunks, kind)]).filter(([, body]) => body);
  return { picture: await decodePng(chunks), beside, kept };
}

async function readTiff(data) {
  const { picture, icc } = decodeTiff(data);
  const kept = icc ? [["iCCP", await profileChunk(icc)]] : [];
  return { picture, beside: { icc }, kept };
}

/** Whether the pixels of forgotten regions are gray. */
function areErased({ samples, depth }, owned, size, { forgotten = [] }) {
  const bytes = depth === 8 ? [128] : [0, 128];
  return owned.every(
    (runs, index) =>
      !forgotten.includes(index) ||
      gather(samples, runs, size).every((byte, i) => byte === bytes[i % bytes.length]),
  );
}

/** Whether the regions that stay sealed are as they were. */
async function areSealed({ samples }, owned, size, header, keys) {
  for (const [index, runs] of owned.entries()) {
    if (keys.has(index) || header.forgotten?.includes(index)) continue;
    if (!(await isSealed(header, index, gather(samples, runs, size)))) return false;
  }
  return true;
}

function checkShape({ width, height, channels, depth }, { image }) {
  const [h, w, c = 1] = image.shape;
  const same = [width, height, channels].join() === [w, h, c].join();
  if (!same || image.dtype !== `uint${depth}`) throw new Problem("converted");
}

async function publicDigest(samples, owned, size, { image }) {
  const { dtype, shape } = image;
  const label = join("facecrypt v2 public pixels", canonical({ dtype, shape }));
  const all = join(label, samples);
  const visible = all.subarray(label.length);
  for (const runs of owned)
    eachRun(runs, size, (from, to) => visible.fill(0, from, to));
  return hex(await sha256(all));
}

function eachRun(runs, size, work) {
  for (let i = 0; i < runs.length; i += 2) work(runs[i] * size, (runs[i] + runs[i + 1]) * size);
}

function gather(samples, runs, size) {
  let count = 0;
  eachRun(runs, size, (from, to) => (count += to - from));
  const out = new Uint8Array(count);
  let at = 0;
  eachRun(runs, size, (from, to) => {
    out.set(samples.subarray(from, to), at);
    at += to - from;
  });
  return out;
}

function scatter(samples, runs, size, data) {
  let at = 0;
  eachRun(runs, size, (from, to) => {
    samples.set(data.subarray(at, (at += to - from)), from);
  });
}

/** Whether profile, EXIF or colours are not those that were sealed. */
async function isOther(beside, { image: { shown = {} } }) {
  // The EXIF of a TIFF is not one block, of which a digest could be compared.
  if (shown.exif && !("exif" in beside)) throw new Problem("tiff");
  const digests = {};
  for (const [name, body] of Object.entries(beside))
    if (body) digests[name] = hex(await sha256(body));
  return canonical(digests) !== canonical(shown);
}
