// Whether a file was chosen twice.
import { equal } from "./bytes.js";

const PIECE = 4 << 20;

/** Those of some files that are not among others, nor twice among themselves. */
export async function notAmong(files, others) {
  const found = [];
  for (const file of files) {
    const twins = await Promise.all([...others, ...found].map((other) => isSame(file, other)));
    if (!twins.includes(true)) found.push(file);
  }
  return found;
}

/** Of one name, and byte for byte the same: another folder may have another file of that name. */
async function isSame(one, other) {
  if (one.name !== other.name || one.size !== other.size) return false;
  try {
    for (let at = 0; at < one.size; at += PIECE) {
      const pieces = [one, other].map((file) => file.slice(at, at + PIECE).arrayBuffer());
      const [a, b] = await Promise.all(pieces);
      if (!equal(new Uint8Array(a), new Uint8Array(b))) return false;
    }
  } catch {
    return false; // one of them was changed or removed since
  }
  return true;
}
