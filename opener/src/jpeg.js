// Sealed JPEGs: the payload in APP11, the original byte for byte, or a JPEG with some faces.
import { equal, hex, join, latin1, readBe8, startsWith, unbase64, unhex, utf8, viewOf } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { orientation, turnedExif } from "./exif.js";
import { canonical } from "./header.js";
import { inflate } from "./inflate.js";
import { START } from "./payload.js";
import { partOpener, unlock } from "./parts.js";
import { Problem, damaged } from "./problem.js";

const SOI = Uint8Array.of(0xff, 0xd8);
const MOST_PRIVATE = 2 ** 28;
const ICC = "ICC_PROFILE\0";
const ICC_PIECE = 0xffff - 2 - 14;
// What deflate knows before the first byte of a private part, fixed by the format.
const DICTIONARY = join(
  unhex("ffc00011080000000003012200021101031101"),
  unhex("ffc4001f0000010501010101010100000000000000000102030405060708090a0b"),
  unhex("ffc400b5100002010303020403050504040000017d"),
  unhex("01020300041105122131410613516107227114328191a1082342b1c11552d1f0"),
  unhex("2433627282090a161718191a25262728292a3435363738393a43444546474849"),
  unhex("4a535455565758595a636465666768696a737475767778797a83848586878889"),
  unhex("8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"),
  unhex("c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"),
  unhex("ffc4001f0100030101010101010101010000000000000102030405060708090a0b"),
  unhex("ffc400b51100020102040403040705040400010277"),
  unhex("000102031104052131061241510761711322328108144291a1b1c109233352f0"),
  unhex("156272d10a162434e125f11718191a262728292a35363738393a434445464748"),
  unhex("494a535455565758595a636465666768696a737475767778797a828384858687"),
  unhex("88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"),
  unhex("c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"),
  unhex("ffda000c03010002110311003f00ffd9"),
  unhex("ffd8ffe000104a46494600010100000100010000"),
);

export function isJpeg(data) {
  return startsWith(data, Uint8Array.of(0xff, 0xd8, 0xff));
}

/** The payload in a JPEG, or null. */
export function findPayload(data) {
  const found = new Map();
  for (const body of packets(data)) {
    const view = viewOf(body);
    const name = `${view.getUint16(2)} ${hex(body.subarray(8, 16))}`;
    if (!found.has(name)) found.set(name, { head: body.subarray(8, 16), pieces: [] });
    found.get(name).pieces.push([view.getUint32(4), body.subarray(16)]);
  }
  const ours = [...found.values()].filter(
    ({ head, pieces }) =>
      latin1(head.subarray(4)) === "jumb" && pieces.some(([, piece]) => startsWith(piece, START)),
  );
  if (ours.length > 1) throw damaged("there are two payloads");
  return ours.length ? joined(ours[0]) : null;
}

function joined({ head, pieces }) {
  pieces.sort(([a], [b]) => a - b);
  const box = join(head, ...pieces.map(([, piece]) => piece));
  if (pieces.some(([place], i) => place !== i + 1) || viewOf(head).getUint32(0) !== box.length)
    throw new Problem("incomplete");
  return box;
}

/** Bodies of APP11 segments with JUMBF packets before the first scan. */
function* packets(data) {
  for (let at = 2; at + 4 <= data.length && data[at] === 0xff; ) {
    while (data[at] === 0xff) ++at;
    const marker = data[at++];
    if (marker === 0 || marker === 0xda || marker === 0xd9) return;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const size = (data[at] << 8) | data[at + 1];
    if (!(size >= 2)) return;
    const body = data.subarray(at + 2, at + size);
    if (marker === 0xeb && startsWith(body, "JP") && body.length >= 16) yield body;
    at += size;
  }
}

/**
 * What the keys open: `whole` says whether `data` is the original, `edited` whether the public
 * part was changed.
 */
export async function openJpeg(data, payload, keys, kernel, { allowEdited }) {
  const { header } = payload;
  if (header.carrier !== "jpeg" || header.private?.join() !== "original")
    throw damaged("the payload is that of another kind of picture");
  const layout = kernel.layout(data);
  checkFrame(layout, header);
  const segments = publicSegments(data, layout, header);
  const unlocked = await unlock(header, keys);
  const plain = await opened(payload, unlocked, kernel);
  const rects = header.regions.map(({ cells }) => cells);
  const all = plain.size === header.regions.length + 1;
  const file = { data, header, rects, kernel };
  const original = all ? await restored(file, plain) : null;
  if (original) return { data: original, shown: original, suffix: "", edited: false, whole: true, unlocked };
  const edited =
    all ||
    (await publicDigest(file)) !== header.public_sha256 ||
    (await besideChanged(segments, header));
  if (edited && !allowEdited) throw new Problem("edited");
  const faces = rects.map((_, index) => plain.get(index) ?? null);
  const picture = join(SOI, ...segmentBytes(segments), kernel.place(data, rects, faces));
  return { data: picture, shown: picture, suffix: "", edited, whole: false, unlocked };
}

async function opened(payload, unlocked, kernel) {
  const open = await partOpener(payload.header, kernel);
  const parts = [...payload.regions, ...payload.private];
  const found = new Map();
  for (const [index, key] of unlocked.keys) found.set(index, await open(index, parts[index], key));
  return found;
}

function checkFrame(layout, { frame, quant }) {
  const size = [layout.precision, layout.width, layout.height];
  if (frame.slice(0, 3).join() !== size.join()) throw new Problem("rotated");
  const used = [...new Set(layout.components.map(([, , table]) => table))].sort();
  const tables = used.map((number) =>
    Uint8Array.from(layout.tables[number].flatMap((step) => [step >> 8, step & 255])),
  );
  const same =
    canonical(frame[3]) === canonical(layout.components) &&
    tables.every((table, i) => equal(table, unbase64(quant[i])));
  if (!same) throw new Problem("recompressed");
}

// ---- the original ---------------------------------------------------------------------------

async function digestOf(header, tokens) {
  const { frame, quant } = header;
  const digest = await sha256("facecrypt v2 public coefficients", canonical({ frame, quant }), ...tokens);
  return hex(digest);
}

async function publicDigest({ data, header, rects, kernel }) {
  const tokens = [];
  kernel.tokens(data, rects, (stretch) => tokens.push(stretch.slice()));
  return digestOf(header, tokens);
}

/** The file that was sealed; null where the public coefficients are not those that were. */
async function restored(file, plain) {
  const { data, header, rects, kernel } = file;
  const own = await privatePart(plain.get(rects.length));
  const tokens = [];
  const tell = (stretch) => tokens.push(stretch.slice());
  let original = own.tail;
  if (header.coding === "exact") {
    const regions = rects.map((_, index) => plain.get(index));
    const parts = [own.skeleton, own.recipe, own.dummies, own.tail];
    try {
      original = kernel.restore(data, rects, regions, parts, tell);
    } catch (error) {
      if (error.code !== "parts-do-not-fit") throw error;
      if ((await publicDigest(file)) === header.public_sha256) throw error;
      return null;
    }
  } else {
    kernel.tokens(data, rects, tell);
  }
  const same = original.length === own.size && equal(await sha256(original), own.sha256);
  // What somebody painted into sealed cells is not in an original of the same coefficients.
  if (same && header.coding === "exact") return original;
  if ((await digestOf(header, tokens)) !== header.public_sha256) return null;
  if (!same) throw new Problem("changed");
  return original;
}

async function privatePart(data) {
  const bad = () => damaged("the private part");
  if (data.length < 4) throw bad();
  const packed = viewOf(data).getUint32(0);
  const rest = data.subarray(4 + packed);
  if (rest.length < 8) throw bad();
  const plain = await inflate(data.subarray(4, 4 + packed), "deflate-raw", MOST_PRIVATE, DICTIONARY);
  if (plain === null || plain.length < 52) throw bad();
  const sizes = [0, 4, 8].map((at) => viewOf(plain).getUint32(at));
  const tail = readBe8(rest, 0);
  if (52 + sizes[0] + sizes[1] + sizes[2] !== plain.length || tail > rest.length - 8) throw bad();
  const ends = [52, 52 + sizes[0], 52 + sizes[0] + sizes[1]];
  return {
    sha256: plain.subarray(12, 44),
    size: readBe8(plain, 44),
    recipe: plain.subarray(ends[0], ends[1]),
    skeleton: plain.subarray(ends[1], ends[2]),
    dummies: plain.subarray(ends[2]),
    tail: rest.subarray(8, 8 + tail),
  };
}

// ---- what is shown beside the coefficients --------------------------------------------------

/** The segments that a sealed JPEG may have: density, EXIF, profile, coding of colours. */
function publicSegments(data, layout, { shown = {} }) {
  const kinds = { jfif: [], exif: [], icc: [], adobe: [] };
  for (const { marker, offset, size } of layout.segments) {
    const body = data.subarray(offset + 4, offset + size);
    if (marker === 0xe0 && startsWith(body, "JFIF\0") && body.length >= 14)
      kinds.jfif.push(join(body.subarray(0, 12), Uint8Array.of(0, 0)));
    else if (marker === 0xe1 && startsWith(body, "Exif\0\0")) kinds.exif.push(body.subarray(6));
    else if (marker === 0xe2 && startsWith(body, ICC) && body.length > 14) kinds.icc.push(body);
    else if (marker === 0xee && startsWith(body, "Adobe") && body.length >= 12)
      kinds.adobe.push(body.subarray(0, 12));
  }
  const profile = new Map(kinds.icc.map((body) => [body[12], body.subarray(14)]));
  const { jfif, exif, adobe } = kinds;
  const found = { jfif: jfif[0] ?? null, exif: exif[0] ?? null, icc: null, adobe: adobe.at(-1) ?? null };
  // Some decoders take the first of two, others the last.
  const several = Math.max(jfif.length, exif.length, adobe.length) > 1 || profile.size < kinds.icc.length;
  const rgb =
    layout.components.length === 3 &&
    !found.jfif &&
    (found.adobe ? found.adobe[11] === 0 : layout.ids.join() === "82,71,66");
  const numbers = [...profile.keys()].sort((a, b) => a - b);
  if (numbers.length) found.icc = join(...numbers.map((number) => profile.get(number)));
  const turn = orientation(found.exif);
  // Tags that were not kept on purpose somebody added after sealing: they are not shown on.
  if (!shown.exif) found.exif = turn === 1 ? null : turnedExif(turn);
  return { ...found, turn, rgb, several };
}

async function besideChanged(segments, { shown = {} }) {
  const { adobe, icc, exif, turn, rgb, several } = segments;
  if (several) return true;
  const there = { adobe, icc, exif: shown.exif ? exif : null };
  if (turn !== 1) there.turn = Uint8Array.of(turn);
  if (rgb) there.colours = utf8("RGB");
  const digests = {};
  for (const [name, bytes] of Object.entries(there))
    if (bytes) digests[name] = hex(await sha256(bytes));
  return canonical(digests) !== canonical(shown);
}

function* segmentBytes({ jfif, exif, icc, adobe }) {
  if (jfif) yield* segment(0xe0, jfif);
  if (exif) yield* segment(0xe1, join("Exif\0\0", exif));
  const count = Math.ceil((icc?.length ?? 0) / ICC_PIECE);
  for (let i = 0; i < count; ++i) {
    const piece = icc.subarray(i * ICC_PIECE, (i + 1) * ICC_PIECE);
    yield* segment(0xe2, join(ICC, Uint8Array.of(i + 1, count), piece));
  }
  if (adobe) yield* segment(0xee, adobe);
}

function* segment(marker, body) {
  const size = body.length + 2;
  yield Uint8Array.of(0xff, marker, size >> 8, size & 255);
  yield body;
}
