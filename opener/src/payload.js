// The payload: a JUMBF superbox with a description, the header and the encrypted parts.
import { equal, join, latin1, readBe8, viewOf } from "./bytes.js";
import { forgottenParts, parseHeader } from "./header.js";
import { Problem, damaged } from "./problem.js";

export const DESCRIPTION = join("facecrypt sealed", Uint8Array.of(3), "facecrypt", Uint8Array.of(0));
// How the content of our superbox begins, by which it is found among others.
export const START = join(Uint8Array.of(0, 0, 0, 8 + DESCRIPTION.length), "jumdfacecrypt sealed");

/** Whether bytes begin as a payload does. */
export function isPayload(bytes) {
  const start = latin1(bytes.subarray(4, 8)) === "jumb" ? 8 : 16;
  return equal(bytes.subarray(start, start + START.length), START);
}

/** Header, ciphertexts of regions and of private parts; the last two are views. */
export function parsePayload(data) {
  if (data[0] === 0x7b) throw new Problem("version", "1");
  const [outer, ...rest] = boxes(data);
  if (outer.kind !== "jumb" || rest.length) throw damaged("the payload is not one box");
  const found = boxes(outer.body);
  const kinds = found.map(({ kind }) => kind);
  if (kinds[0] !== "jumd" || kinds[1] !== "json" || !equal(found[0].body, DESCRIPTION))
    throw damaged("the payload does not begin with a header");
  const header = parseHeader(found[1].body);
  if (header.carrier === "video") throw damaged("the payload is that of a video");
  const regions = header.carrier === "pixels" ? 0 : header.regions.length;
  const own = header.private?.length ?? 0;
  const wanted = [...Array(regions).fill("fcRg"), ...Array(own).fill("fcPv")];
  if (kinds.slice(2).join() !== wanted.join()) throw damaged("parts are missing or too many");
  const parts = found.slice(2).map(({ body }) => body);
  const gone = forgottenParts(header).map((index) => parts[index - header.regions.length + regions]);
  if (gone.some((part) => part?.length)) throw damaged("a part that was forgotten is there");
  return { header, regions: parts.slice(0, regions), private: parts.slice(regions) };
}

function boxes(data) {
  const found = [];
  for (let at = 0; at < data.length || !found.length; ) {
    if (data.length - at < 8) throw damaged("the payload is cut short");
    let size = viewOf(data).getUint32(at);
    let start = 8;
    if (size === 1 && data.length - at >= 16) {
      size = readBe8(data, at + 8);
      start = 16;
      if (size < 2 ** 32) throw damaged("a size is not in its short form");
    }
    if (size < start || size > data.length - at) throw damaged("the payload is cut short");
    const kind = latin1(data.subarray(at + 4, at + 8));
    found.push({ kind, body: data.subarray(at + start, at + size) });
    at += size;
  }
  return found;
}
