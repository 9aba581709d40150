// Keys as people hand them over, and what they unwrap.
import { argon2id } from "@noble/hashes/argon2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

import { base64, equal, hex, join, latin1, unbase32, unbase64, utf8 } from "./bytes.js";
import { expand, hmac, openGcm, sha256, x25519Public } from "./crypto.js";
import { curve, hybrid, openHpke } from "./hpke.js";
import { Problem } from "./problem.js";

export const INFO = utf8("facecrypt v2 content key");
// RFC 9106's second recommendation: what is written, and all that is tried unasked.
const USUAL = { memory: 64 * 1024, time: 3, lanes: 4 };
const PREFIXES = {
  locked: "FACECRYPT-LOCKED-KEY-",
  identity: "FACECRYPT-SECRET-KEY-",
  symmetric: "FACECRYPT-SYMMETRIC-KEY-",
  region: "FACECRYPT-REGION-KEY-",
  recipient: "fc1",
};
const SIZES = { symmetric: [32], region: [52], recipient: [33, 1217], identity: [33, 97] };

/** Whether a file could hold keys: small, and text or the 32 bytes of a symmetric key. */
export function mayBeKeys(bytes) {
  if (bytes.length === 32) return true;
  return bytes.length <= 1 << 16 && kindOf(wordsOf(textOf(bytes))[0] ?? "") !== null;
}

/** The keys of a file. */
export async function keysOf(bytes) {
  if (bytes.length === 32 && !/^[\x20-\x7e\s]*$/.test(latin1(bytes))) return [symmetric(bytes)];
  return parseKeys(textOf(bytes));
}

/** The text of a file, also in UTF-16, which PowerShell's > writes. */
function textOf(bytes) {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return latin1(bytes);
}

/** The keys in a text that open: one a word; what follows a # is a comment. */
export async function parseKeys(text) {
  const words = wordsOf(text);
  if (!words.length) throw new Problem("no-key-given");
  // Public keys beside private ones are passed over: they belong to those.
  const opening = words.filter((word) => ![null, "recipient"].includes(kindOf(word)));
  const known = words.filter((word) => kindOf(word) !== null);
  if (!opening.length) throw new Problem(known.length ? "public-key" : "no-key-text");
  if (known.length < words.length) throw new Problem("key-and-more");
  return Promise.all(opening.map(parseKey));
}

function wordsOf(text) {
  const lines = text.replace(/^(\u00ef\u00bb\u00bf|\ufeff)/, "").split(/[\r\n]+/);
  return lines
    .map((line) => line.replace(/(^|\s)#.*/, ""))
    .join(" ")
    .split(/\s+/)
    .filter(Boolean);
}

function kindOf(word) {
  const found = Object.entries(PREFIXES).find(([, prefix]) =>
    word.toUpperCase().startsWith(prefix.toUpperCase()),
  );
  return found ? found[0] : null;
}

async function parseKey(word) {
  const kind = kindOf(word);
  if (!(kind in PARSERS)) throw new Problem("mistyped-key");
  const prefix = PREFIXES[kind];
  const data = unbase32(word.slice(prefix.length).toUpperCase());
  const payload = data?.subarray(0, -4) ?? new Uint8Array(0);
  const check = await sha256(prefix.toLowerCase(), payload);
  if (!payload.length || !equal(data.subarray(-4), check.subarray(0, 4)))
    throw new Problem("mistyped-key");
  if (SIZES[kind] && !SIZES[kind].includes(payload.length)) throw new Problem("mistyped-key");
  return PARSERS[kind](payload);
}

const PARSERS = { identity, symmetric, region, locked };

/** A key that a passphrase unlocks: `01 || salt || wrapped file key || the key's word, sealed`. */
function locked(payload) {
  const head = payload.subarray(0, 1 + 16 + 96);
  if (payload[0] !== 1 || payload.length <= head.length) throw new Problem("mistyped-key");
  const [salt, wrapped] = [head.subarray(1, 17), head.subarray(17)].map(base64);
  const stanza = { type: "argon2id", ...USUAL, salt, wrapped };
  return {
    kind: "locked",
    async unlock(secret) {
      const fileKey = await secret.unwrap(stanza);
      if (fileKey === null) throw new Problem("wrong-passphrase");
      const both = await expand(fileKey, utf8("facecrypt v2 key file"), 44);
      const sealed = payload.subarray(head.length);
      const word = await openGcm(both.subarray(0, 32), both.subarray(32), sealed, head);
      if (word === null) throw new Problem("wrong-passphrase");
      return parseKey(latin1(word));
    },
  };
}

function region(payload) {
  const index = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  return {
    kind: "region",
    index,
    picture: hex(payload.subarray(4, 20)),
    key: payload.subarray(20),
  };
}

function symmetric(key) {
  return {
    kind: "symmetric",
    async unwrap(stanza) {
      if (stanza.type !== "secret-key") return null;
      const named = await expand(key, utf8("facecrypt v2 key id"));
      return stanza.id === (await keyId(named)) ? openSymmetric(key, stanza) : null;
    },
  };
}

async function identity(payload) {
  const post = payload[0] === 2;
  if (payload.length !== (post ? 97 : 33) || (!post && payload[0] !== 1))
    throw new Problem("mistyped-key");
  const secret = payload.subarray(1);
  const own = await x25519Public(secret.subarray(-32));
  const publicKey = post ? join(ml_kem768.keygen(secret.subarray(0, 64)).publicKey, own) : own;
  const id = await keyId(join(payload.subarray(0, 1), publicKey));
  const type = post ? "hpke-mlkem768-x25519" : "hpke-x25519";
  return {
    kind: "identity",
    async unwrap(stanza) {
      if (stanza.type !== type || stanza.id !== id) return null;
      const wrapped = unbase64(stanza.wrapped);
      return openHpke(post ? hybrid : curve, wrapped, secret, publicKey, INFO);
    },
  };
}

/**
 * @param {string} text
 * @param {{costly?: boolean, tell?: (share: number) => void}} [options] whether to spend more than
 *   is usual, and who is told how far it is
 */
export function passphrase(text, { costly = false, tell } = {}) {
  const password = utf8(text.normalize("NFC"));
  const stretched = new Map();
  return {
    kind: "passphrase",
    async unwrap(stanza) {
      if (stanza.type !== "argon2id") return null;
      if (!costly && Object.entries(USUAL).some(([name, usual]) => stanza[name] > usual))
        throw new Problem("costly", `${stanza.memory / 1024} MiB, ${stanza.time} passes`);
      const name = [stanza.salt, stanza.memory, stanza.time, stanza.lanes].join();
      if (!stretched.has(name)) stretched.set(name, stretch(password, stanza, tell));
      return openSymmetric(stretched.get(name), stanza);
    },
  };
}

function stretch(password, stanza, tell) {
  return argon2id(password, unbase64(stanza.salt), {
    t: stanza.time,
    m: stanza.memory,
    p: stanza.lanes,
    dkLen: 32,
    // It refuses more than 1 GiB less one KiB by itself; the format allows 1 GiB.
    maxmem: 2 ** 31,
    onProgress: tell,
  });
}

async function openSymmetric(key, stanza) {
  const wrapped = unbase64(stanza.wrapped);
  const extracted = await hmac(wrapped.subarray(0, 16), key);
  const both = await expand(extracted, INFO, 64);
  // Compared first, so that no text opens under two passphrases.
  if (!equal(both.subarray(32), wrapped.subarray(16, 48))) return null;
  return openGcm(both.subarray(0, 32), new Uint8Array(12), wrapped.subarray(48), INFO);
}

async function keyId(payload) {
  return hex((await sha256("facecrypt v2 key id", payload)).subarray(0, 8));
}
