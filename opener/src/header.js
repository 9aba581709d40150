// The header: canonical JSON, of which every field is checked before any key is tried.
import { hex, latin1, unbase64, utf8 } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { Problem, damaged } from "./problem.js";

const MAX_HEADER = 16 << 20;
const MAX_PIXELS = 2 ** 28;
const MAX_SIDE = 1_000_000;
const CIPHERS = ["logistic+aes-256-gcm", "aes-256-gcm", "logistic"];
const COLOURS = ["cHRM", "cICP", "cLLI", "gAMA", "mDCV", "sBIT", "sRGB"];
// Of files that can come back from a picture that is sealed in its pixels.
const SUFFIXES =
  ".jpg .jpeg .jpe .jfif .jif .pjpeg .pjp .png .tif .tiff .webp .avif .gif .bmp .dib .pnm .ppm " +
  ".pgm .pbm .jp2 .jpf .jpx .j2k .j2c .jpc";
const SHOWN = ["adobe", "colours", "exif", "icc", "turn", ...COLOURS];
const WRAPPED = {
  "hpke-x25519": 32 + 48,
  "hpke-mlkem768-x25519": 1120 + 48,
  argon2id: 96,
  "secret-key": 96,
};
// Per stanza: least and most; in KiB, passes, lanes.
const ARGON2 = { memory: [8 * 1024, 1024 * 1024], time: [1, 16], lanes: [1, 16] };
const MAX_ARGON2_TOTAL = 2 ** 24;

/** JSON in ASCII, keys sorted, no spaces. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return ascii(JSON.stringify(value));
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${ascii(JSON.stringify(key))}:${canonical(value[key])}`);
  return `{${entries.join()}}`;
}

function ascii(text) {
  const escaped = (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replace(/[^\x00-\x7f]/g, escaped);
}

function without(header, ...names) {
  const left = Object.entries(header).filter(([name]) => !names.includes(name));
  return canonical(Object.fromEntries(left));
}

/** What every tag authenticates besides its part. */
export function aadOf(header) {
  const text = without(header, "keys", "tags", "digests", "forgotten", "mac");
  return sha256("facecrypt v2 aad", text);
}

export async function pictureId(header) {
  const digest = await sha256(
    "facecrypt v2 picture",
    without(header, "keys", "forgotten", "mac"),
  );
  return hex(digest.subarray(0, 16));
}

export function macInput(header) {
  return utf8(without(header, "mac"));
}

/** Names of all parts: numbers of regions, then names of private ones. */
export function partsOf(header) {
  return [...header.regions.keys(), ...(header.private ?? [])];
}

/** Numbers of the parts whose ciphertext was erased. */
export function forgottenParts(header) {
  const names = partsOf(header);
  return (header.forgotten ?? []).map((name) => names.indexOf(name));
}

/** The entry of a part in `commitments`, `tags` or `digests`. */
export function entryOf(header, field, index) {
  const size = field === "tags" && header.cipher !== "logistic" ? 16 : 32;
  return unbase64(header[field]).subarray(index * size, (index + 1) * size);
}

/** Height and width in pixels. */
export function sizeOf(header) {
  if (header.carrier === "jpeg") return [header.frame[2], header.frame[1]];
  if (header.carrier === "video") return [header.video.height, header.video.width];
  return header.image.shape;
}

export function parseHeader(data) {
  if (data.length > MAX_HEADER) throw damaged("the header is too large");
  const text = latin1(data);
  let fields;
  try {
    fields = JSON.parse(text);
  } catch {
    throw damaged("the header is no JSON");
  }
  if (fields?.format !== "facecrypt") throw damaged("the header is not facecrypt's");
  if (fields.version !== 2) throw new Problem("version", JSON.stringify(fields.version) ?? "?");
  const header = checked(fields);
  if (canonical(header) !== text) throw damaged("the header is not in canonical form");
  return header;
}

// ---- each field: what it may be, or damage --------------------------------------------------

function need(condition, what) {
  if (!condition) throw damaged(`${what} of the header is not as it should be`);
}

const isList = Array.isArray;
const isNumber = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
const areNumbers = (value, counts, low, high) =>
  isList(value) && counts.includes(value.length) && value.every((n) => isNumber(n, low, high));
const isHex = (value, size) =>
  typeof value === "string" && value.length === 2 * size && /^[0-9a-f]*$/.test(value);
const isBase64 = (value, size) => unbase64(value)?.length === size;

/** The header rebuilt of the fields that there are: all others make it another text. */
function checked(fields) {
  need(Object.hasOwn(CARRIERS, fields.carrier), "carrier");
  need(CIPHERS.includes(fields.cipher), "cipher");
  need(/^[ -~]{0,100}$/.test(fields.software) && typeof fields.software === "string", "software");
  need(isHex(fields.public_sha256, 32), "public_sha256");
  need(isHex(fields.mac, 32), "mac");
  const carrier = CARRIERS[fields.carrier];
  const own = carrier.checked(fields);
  const { cipher, software, public_sha256, mac } = fields;
  const head = { format: "facecrypt", version: 2, carrier: fields.carrier };
  const regions = checkedRegions(fields, carrier, own);
  const keys = checkedKeys(fields.keys);
  const rest = checkedParts(fields, regions.length, carrier.private);
  return { ...head, cipher, software, public_sha256, mac, ...own, regions, keys, ...rest };
}

function checkedParts(fields, regions, names) {
  const found = {};
  const own = fields.private ?? [];
  need(isList(own) && own.join() === names.filter((name) => own.includes(name)).join(), "private");
  if ("private" in fields) need(own.length, "private");
  if (own.length) found.private = [...own];
  const count = regions + own.length;
  need(isBase64(fields.commitments, 32 * count), "commitments");
  need(isBase64(fields.tags, (fields.cipher === "logistic" ? 32 : 16) * count), "tags");
  need(isBase64(fields.digests, 32 * regions), "digests");
  for (const name of ["commitments", "tags", "digests"]) found[name] = fields[name];
  if ("request" in fields) {
    need(isHex(fields.request, 8), "request");
    found.request = fields.request;
  }
  if ("forgotten" in fields) found.forgotten = checkedForgotten(fields.forgotten, regions, own);
  return found;
}

function checkedForgotten(items, regions, names) {
  need(isList(items) && items.length, "forgotten");
  const numbers = items.filter((item) => isNumber(item, 0, regions - 1));
  const rising = [...new Set(numbers)].sort((a, b) => a - b);
  const wanted = [...rising, ...names.filter((name) => items.includes(name))];
  need(canonical(items) === canonical(wanted), "forgotten");
  return wanted;
}

function checkedRegions(fields, carrier, own) {
  const { regions } = fields;
  need(isList(regions) && regions.length <= 65_536, "regions");
  if (carrier.timed) return regions.map((item) => carrier.region(item, own)[0]);
  const [height, width] = sizeOf({ carrier: fields.carrier, ...own });
  need(Math.max(height, width) <= MAX_SIDE && height * width <= MAX_PIXELS, "the picture's size");
  let covered = 0;
  const found = regions.map((item) => {
    const [region, [x0, y0, x1, y1]] = carrier.region(item, own);
    need(x0 < x1 && y0 < y1 && x1 <= width && y1 <= height, "a region");
    covered += (x1 - x0) * (y1 - y0);
    return region;
  });
  need(covered <= 8 * height * width, "the area of all regions");
  return found;
}

function checkedKeys(keys) {
  need(isList(keys) && keys.length <= 4096, "keys");
  const found = keys.map(checkedStanza);
  const stretched = found.filter(({ type }) => type === "argon2id");
  const total = stretched.reduce((sum, { memory, time }) => sum + memory * time, 0);
  need(stretched.length <= 16 && total <= MAX_ARGON2_TOTAL, "the cost of passphrases");
  return found;
}

function checkedStanza(item) {
  need(item !== null && typeof item === "object" && Object.hasOwn(WRAPPED, item.type), "a key");
  const { type, wrapped } = item;
  need(isBase64(wrapped, WRAPPED[type]), "a wrapped key");
  if (type !== "argon2id") {
    need(isHex(item.id, 8), "the id of a key");
    return { type, wrapped, id: item.id };
  }
  need(isBase64(item.salt, 16), "a salt");
  for (const [name, [low, high]] of Object.entries(ARGON2)) need(isNumber(item[name], low, high), name);
  const { salt, memory, time, lanes } = item;
  return { type, wrapped, salt, memory, time, lanes };
}

function checkedShown(fields) {
  if (!("shown" in fields)) return {};
  const { shown } = fields;
  need(shown !== null && typeof shown === "object", "shown");
  const names = SHOWN.filter((name) => Object.hasOwn(shown, name));
  need(names.length && names.every((name) => isHex(shown[name], 32)), "shown");
  return { shown: Object.fromEntries(names.map((name) => [name, shown[name]])) };
}

const pixels = {
  private: ["original"],
  checked({ image }) {
    need(image !== null && typeof image === "object", "image");
    const { shape, dtype, grid } = image;
    need(areNumbers(shape, [2, 3], 1, MAX_PIXELS), "image.shape");
    need([1, 3, 4].includes(shape[2] ?? 1), "image.shape");
    need(["uint8", "uint16"].includes(dtype), "image.dtype");
    need(areNumbers(grid, [3], 0, 64) && grid[0] >= 1, "image.grid");
    need(Math.max(grid[1], grid[2]) < grid[0], "image.grid");
    const found = { shape, dtype, grid, ...checkedShown(image) };
    if ("original" in image) {
      need(SUFFIXES.split(" ").includes(image.original), "image.original");
      found.original = image.original;
    }
    return { image: found };
  },
  region(item) {
    const shape = item !== null && Object.hasOwn(Object(item), "ellipse") ? "ellipse" : "box";
    need(areNumbers(item?.[shape], [4], 0, MAX_SIDE), "a region");
    return [{ [shape]: item[shape] }, item[shape]];
  },
};

const jpeg = {
  private: ["original"],
  checked(fields) {
    const { frame, quant, coding } = fields;
    need(isList(frame) && frame.length === 4 && [8, 12].includes(frame[0]), "frame");
    need(areNumbers(frame.slice(1, 3), [2], 1, 0xffff) && isList(frame[3]), "frame");
    const components = frame[3];
    need(isNumber(components.length, 1, 4), "frame");
    for (const one of components) {
      need(areNumbers(one, [3], 0, 4) && Math.min(one[0], one[1]) >= 1 && one[2] < 4, "frame");
    }
    const tables = new Set(components.map((one) => one[2])).size;
    need(isList(quant) && quant.length === tables, "quant");
    need(quant.every((table) => isBase64(table, 128)), "quant");
    need(["exact", "transcoded"].includes(coding), "coding");
    return { frame, quant, coding, ...checkedShown(fields) };
  },
  region(item, { frame }) {
    need(areNumbers(item?.cells, [4], 0, 0xffff), "a region");
    return [{ cells: item.cells }, boxOfCells(item.cells, frame)];
  },
};

const video = {
  private: ["original"],
  timed: true,
  checked(fields) {
    need(fields.cipher !== "logistic", "cipher");
    need(fields.video !== null && typeof fields.video === "object", "video");
    const { width, height, frames, duration_ms } = fields.video;
    need(isNumber(width, 1, MAX_SIDE) && isNumber(height, 1, MAX_SIDE), "video");
    need(isNumber(frames, 0, 2 ** 31 - 1) && isNumber(duration_ms, 0, 2 ** 40), "video");
    return { video: { width, height, frames, duration_ms } };
  },
  region(item, own) {
    need(areNumbers(item?.track, [2], 0, own.video.duration_ms), "a region");
    need(item.track[0] < item.track[1], "a region");
    return [{ track: item.track }];
  },
};

const CARRIERS = { pixels, jpeg, video };

/** Pixels of the picture as it is stored that cells cover. */
export function boxOfCells([x0, y0, x1, y1], [, width, height, components]) {
  const across = 8 * Math.max(...components.map(([h]) => h));
  const down = 8 * Math.max(...components.map(([, v]) => v));
  return [x0 * across, y0 * down, Math.min(x1 * across, width), Math.min(y1 * down, height)];
}

/** The box of a region in pixels, whatever the carrier. */
export function boxOf(header, region) {
  return region.cells ? boxOfCells(region.cells, header.frame) : (region.box ?? region.ellipse);
}
