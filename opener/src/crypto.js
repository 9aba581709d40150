// Cryptography: the browser's own where it has it, else @noble's.
import { x25519 as nobleX25519 } from "@noble/curves/ed25519.js";

import { join } from "./bytes.js";
import { Problem } from "./problem.js";

const subtle = globalThis.crypto?.subtle;
// PrivateKeyInfo of an X25519 key up to its 32 bytes (RFC 8410, section 7).
const PKCS8 = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
]);

export async function sha256(...pieces) {
  const data = pieces.length === 1 && typeof pieces[0] !== "string" ? pieces[0] : join(...pieces);
  return new Uint8Array(await subtle.digest("SHA-256", data));
}

async function hmacKey(key) {
  return subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

export async function hmac(key, ...pieces) {
  return new Uint8Array(await subtle.sign("HMAC", await hmacKey(key), join(...pieces)));
}

/** HKDF-Expand (RFC 5869): WebCrypto's HKDF always extracts before it expands. */
export async function expand(key, info, length = 32) {
  const signing = await hmacKey(key);
  const blocks = [];
  let block = new Uint8Array(0);
  for (let count = 1; 32 * blocks.length < length; ++count) {
    block = new Uint8Array(
      await subtle.sign("HMAC", signing, join(block, info, Uint8Array.of(count))),
    );
    blocks.push(block);
  }
  return join(...blocks).subarray(0, length);
}

/** The text that was encrypted; null where it, or anything that goes with it, was changed. */
export async function openGcm(key, nonce, sealed, aad) {
  const opening = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  const how = { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
  try {
    return new Uint8Array(await subtle.decrypt(how, opening, sealed));
  } catch (error) {
    if (error.name === "OperationError") return null;
    throw error;
  }
}

/** X25519 of a private and a public key; null where the public one is of small order. */
export async function x25519(secret, other) {
  try {
    return await ownX25519(secret, other);
  } catch (error) {
    if (error.name === "OperationError") return null;
  }
  try {
    return nobleX25519.scalarMult(secret, other);
  } catch {
    return null;
  }
}

export async function x25519Public(secret) {
  const base = new Uint8Array(32);
  base[0] = 9;
  return x25519(secret, base);
}

async function ownX25519(secret, other) {
  const key = await subtle.importKey("pkcs8", join(PKCS8, secret), "X25519", false, ["deriveBits"]);
  const theirs = await subtle.importKey("raw", other, "X25519", false, []);
  return new Uint8Array(await subtle.deriveBits({ name: "X25519", public: theirs }, key, 256));
}

/** Throws where the browser lacks what there is no substitute for. */
export function checkBrowser() {
  let deflate = false;
  try {
    deflate = Boolean(new DecompressionStream("deflate-raw"));
  } catch {
    // There is none, or an older one.
  }
  const lacking = [
    [subtle, "WebCrypto (crypto.subtle)"],
    [globalThis.WebAssembly, "WebAssembly"],
    [deflate, 'DecompressionStream("deflate-raw")'],
    [globalThis.Worker ?? globalThis.WorkerGlobalScope, "Worker"],
  ].filter(([there]) => !there);
  if (lacking.length) throw new Problem("old-browser", lacking.map(([, name]) => name).join(", "));
}
