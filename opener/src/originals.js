// The file that was sealed, out of the private part of a picture that is sealed in its pixels.
import { readBe8, viewOf } from "./bytes.js";
import { inflate } from "./inflate.js";
import { damaged } from "./problem.js";

const [STORED, DEFLATED, AROUND] = [0, 1, 2];
const [SWAPPED, UPWARDS, HIGH_FIRST] = [1, 2, 4];
const SPARE = 1 << 24;
// How many zeros the end of a deflate stream may have: the code of its end, and alignment.
const MOST_ZEROS = 8;

/**
 * @param {Uint8Array} text the part; zeros at its end are passed over
 * @param {object} picture all opened, as decodePng gives it
 */
export async function unpackOriginal(text, picture) {
  if (text.length < 9) throw bad();
  const [mode, size, rest] = [text[0], readBe8(text, 1), text.subarray(9)];
  const most = 16 * picture.width * picture.height + SPARE;
  if (mode === STORED && size <= rest.length) return rest.subarray(0, size);
  if (mode === DEFLATED && size <= most) return inflated(rest, size);
  if (mode === AROUND && rest.length >= 13) {
    const rows = { layout: rest[0], first: readBe8(rest, 1), gap: viewOf(rest).getUint32(9) };
    return filledIn(rest.subarray(13), size, rows, picture, most);
  }
  throw bad();
}

/** A file of which the rows are those of the picture, and the rest is deflated. */
async function filledIn(packed, size, { layout, first, gap }, picture, most) {
  const { height } = picture;
  const row = (picture.width * picture.channels * picture.depth) / 8;
  const known = size - height * row;
  const last = first + (height - 1) * gap;
  if (last > known || known > most || layout > 7) throw bad();
  const around = await inflated(packed, known);
  const out = new Uint8Array(size);
  out.set(around.subarray(0, first));
  let at = first;
  for (let y = 0; y < height; ++y) {
    copyRow(picture, layout & UPWARDS ? height - 1 - y : y, row, layout, out.subarray(at, at + row));
    at += row;
    if (y + 1 === height) break;
    out.set(around.subarray(first + y * gap, first + (y + 1) * gap), at);
    at += gap;
  }
  out.set(around.subarray(last), at);
  return out;
}

function copyRow({ samples, channels, depth }, y, row, layout, out) {
  const from = samples.subarray(y * row, (y + 1) * row);
  const step = depth / 8;
  const swapped = layout & SWAPPED && channels >= 3;
  for (let i = 0; i < row; ++i) {
    const byte = i % step;
    const channel = ((i - byte) / step) % channels;
    const source = swapped && channel < 3 ? i + (2 - 2 * channel) * step : i;
    out[i] = from[layout & HIGH_FIRST ? source - byte + (step - 1 - byte) : source];
  }
}

/** So many bytes of a deflate stream, which then ends; zeros may follow. */
async function inflated(packed, size) {
  let end = packed.length;
  while (end && !packed[end - 1]) --end;
  // The browser refuses what follows the stream, and some of its own last bytes may be zeros.
  for (let zeros = 0; zeros <= MOST_ZEROS && end + zeros <= packed.length; ++zeros) {
    const plain = await inflate(packed.subarray(0, end + zeros), "deflate-raw", size);
    if (plain?.length === size) return plain;
  }
  throw bad();
}

function bad() {
  return damaged("the private part with the original");
}
