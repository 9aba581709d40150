// Bytes: joined, compared, and as texts.
import { damaged } from "./problem.js";

const encoder = new TextEncoder();

export function utf8(text) {
  return encoder.encode(text);
}

/** ASCII and Latin-1 as text; never fails. */
export function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return text;
}

/** Bytes and texts, one behind the other. */
export function join(...pieces) {
  const parts = pieces.map((piece) => (typeof piece === "string" ? utf8(piece) : piece));
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function equal(one, other) {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

export function startsWith(bytes, text) {
  return equal(bytes.subarray(0, text.length), typeof text === "string" ? utf8(text) : text);
}

export function be4(number) {
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

export function be8(number) {
  return join(be4(Math.floor(number / 2 ** 32)), be4(number % 2 ** 32));
}

export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit size as a number; those that no file has are damage. */
export function readBe8(bytes, at) {
  const number = viewOf(bytes).getBigUint64(at);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged("a size that no file has");
  return Number(number);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Bytes of a text in base64 that has its padding and no other spelling, or null. */
export function unbase64(text) {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4)
    return null;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return base64(bytes) === text ? bytes : null;
}

export function base64(bytes) {
  return btoa(latin1(bytes));
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Bytes of a text in base32 without padding (RFC 4648), or null. */
export function unbase32(text) {
  const bytes = [];
  let bits = 0;
  let count = 0;
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) return null;
    bits = (bits << 5) | value;
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 255);
      bits &= (1 << count) - 1;
    }
  }
  // What is left over is fewer bits than a letter, all zero, or it is another spelling.
  return count < 5 && bits === 0 ? Uint8Array.from(bytes) : null;
}
