// Of EXIF only what tells which way up a picture is.
import { viewOf } from "./bytes.js";

const ORIENTATION = 0x112;

/** 1 to 8 as EXIF defines them; 1 where there is none, or no sane one. */
export function orientation(block) {
  if (block === null || block.length < 8) return 1;
  const view = viewOf(block);
  const little = view.getUint32(0) === 0x49492a00;
  if (!little && view.getUint32(0) !== 0x4d4d002a) return 1;
  const start = view.getUint32(4, little);
  if (start + 2 > block.length) return 1;
  const count = view.getUint16(start, little);
  for (let at = start + 2; at < start + 2 + 12 * count && at + 12 <= block.length; at += 12) {
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const type = view.getUint16(at + 2, little);
    const size = { 1: 1, 3: 2, 4: 4 }[type];
    if (!size || view.getUint32(at + 4, little) !== 1) return 1;
    const value = { 1: () => view.getUint8(at + 8), 3: () => view.getUint16(at + 8, little) };
    const turn = (value[type] ?? (() => view.getUint32(at + 8, little)))();
    return turn >= 1 && turn <= 8 ? turn : 1;
  }
  return 1;
}

// The block of a picture of which only the orientation is known, as facecrypt writes it: 72 dots
// an inch, positions of chroma centred. The place of the orientation's value is marked.
const TURN_AT = 8 + 2 + 8;
const PLAIN = [
  [0x112, 3, 0],
  [0x11a, 5, 0],
  [0x11b, 5, 0],
  [0x128, 3, 2],
  [0x213, 3, 1],
];

export function turnedExif(turn) {
  const values = 8 + 2 + 12 * PLAIN.length + 4;
  const block = new Uint8Array(values + 16);
  const view = viewOf(block);
  view.setUint32(0, 0x49492a00);
  view.setUint32(4, 8, true);
  view.setUint16(8, PLAIN.length, true);
  let behind = values;
  PLAIN.forEach(([tag, type, value], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, type === 5 ? behind : value, true);
    if (type !== 5) return;
    view.setUint32(behind, 72, true);
    view.setUint32(behind + 4, 1, true);
    behind += 8;
  });
  view.setUint16(TURN_AT, turn, true);
  return block;
}
