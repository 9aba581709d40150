// From files that somebody chose to pictures: which is what, and what belongs together.
import { isPayload, parsePayload } from "./payload.js";
import * as jpeg from "./jpeg.js";
import { boxOf, partsOf, pictureId, sizeOf } from "./header.js";
import * as pixels from "./pixels.js";
import { isPng } from "./png.js";
import { isVideo } from "./places.js";
import { Problem } from "./problem.js";
import { mayBeKeys } from "./keys.js";
import { isTiff } from "./tiff.js";
import { openVideo, readVideo } from "./video.js";

const MAX_FILE = 2 ** 31 - 1;
const CARRIERS = { jpeg: "jpeg", png: "pixels", tiff: "pixels", video: "video" };

/** "jpeg", "png", "tiff", "video", "payload", "keys" or "other", by content. */
export async function kindOf(file) {
  const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  if (jpeg.isJpeg(head)) return "jpeg";
  if (isPng(head)) return "png";
  if (isPayload(head)) return "payload";
  if (isTiff(head)) return "tiff";
  if (isVideo(head)) return "video";
  const small = file.size <= 1 << 16;
  if (small && mayBeKeys(new Uint8Array(await file.arrayBuffer()))) return "keys";
  return "other";
}

async function bytesOf(file) {
  if (file.size > MAX_FILE) throw new Problem("too-large");
  return new Uint8Array(await file.arrayBuffer());
}

/**
 * The payloads that may be a picture's: the one in it, or those beside it.
 *
 * @param {File} file
 * @param {File[]} beside sidecars that were chosen with it
 */
export async function readSealed(file, beside) {
  const kind = await kindOf(file);
  if (kind === "video") return { file, kind, payloads: await readVideo(file, beside) };
  if (!(kind in CARRIERS)) throw new Problem("no-picture");
  const data = await bytesOf(file);
  const inside = (kind === "jpeg" ? jpeg : pixels).findPayload(data);
  if (inside) return { data, kind, payloads: [parsePayload(inside)] };
  const payloads = [];
  for (const one of beside) {
    const payload = parsePayload(await bytesOf(one));
    const id = await pictureId(payload.header);
    if (one.name.endsWith(`.${id.slice(0, 16)}.fcrypt`)) payloads.push(payload);
  }
  const named = payloads.filter((_, i) => beside[i].name.startsWith(`${file.name}.`));
  const found = named.length ? named : payloads;
  if (!found.length) throw new Problem(beside.length ? "other-sidecar" : "not-sealed");
  return { data, kind, payloads: found };
}

/** What is known without a key. */
export async function describe({ header, regions, private: own }) {
  const names = partsOf(header);
  const bytes = [...regions, ...own].map((part) => part.length);
  const count = header.regions.length;
  const forgotten = header.forgotten ?? [];
  return {
    id: await pictureId(header),
    software: header.software,
    carrier: header.carrier,
    cipher: header.cipher,
    coding: header.coding ?? null,
    size: sizeOf(header).slice(0, 2),
    shape: shapeOf(header),
    dtype: dtypeOf(header),
    video: header.video ?? null,
    keys: header.keys.map(({ type, id = "" }) => ({ type, id })),
    regions: header.regions.map((region, i) => ({
      shape: ["ellipse", "track"].find((shape) => shape in region) ?? "box",
      box: region.track ?? boxOf(header, region),
      bytes: regions.length ? bytes[i] : null,
      forgotten: forgotten.includes(i),
    })),
    private: names.slice(count).map((name, i) => ({
      name: header.image?.original ? `${name} ${header.image.original}` : name,
      bytes: own[i].length,
      forgotten: forgotten.includes(name),
    })),
  };
}

function shapeOf(header) {
  if (header.carrier === "pixels") return header.image.shape;
  const size = sizeOf(header);
  return header.frame?.[3].length === 1 ? size : [...size, 3];
}

function dtypeOf({ image, frame }) {
  return image?.dtype ?? (frame?.[0] === 12 ? "uint16" : "uint8");
}

/** `photo.png` -> `photo.bmp`, and `photo.bmp.png` as well, which stood beside another. */
export function openedName(name, suffix) {
  if (!suffix) return name;
  const stem = name.replace(/(?<=.)\.[^.]*$/, "");
  return stem.toLowerCase().endsWith(suffix.toLowerCase()) ? stem : stem + suffix;
}

/**
 * Opens a picture or video with the payload that fits, of several the first that opens.
 *
 * @returns {Promise<object>} `files`: blobs and suffixes of what is to be saved, `shown`: what a
 *   browser shows of a picture
 */
export async function openSealed({ file, data, kind, payloads }, keys, kernel, options, tell) {
  let first = null;
  for (const payload of payloads) {
    try {
      if (payload.header.carrier !== CARRIERS[kind]) throw new Problem("converted");
      if (kind === "video")
        return { ...(await openVideo(file, payload, keys, kernel, options, tell)), payload };
      const open = kind === "jpeg" ? jpeg.openJpeg : pixels.openPixels;
      const opened = await open(data, payload, keys, kernel, options);
      const files = [{ blob: new Blob([opened.data]), suffix: opened.suffix }];
      return { ...opened, files, shown: new Blob([opened.shown]), payload };
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}
