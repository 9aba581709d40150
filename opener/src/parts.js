// Parts: which keys open them, and their bytes.
import { be4, be8, equal, hex, join, utf8, viewOf } from "./bytes.js";
import { expand, hmac, openGcm, sha256 } from "./crypto.js";
import { aadOf, entryOf, forgottenParts, macInput, partsOf, pictureId } from "./header.js";
import { Problem } from "./problem.js";

export const CHUNK = 4 << 20;
const LANES = 64;

/**
 * The keys of the parts that these keys open, by number, and whether they come from the content
 * key, which also checked the header. Parts that were forgotten are not among them.
 */
export async function unlock(header, keys) {
  const content = await contentKey(header, keys);
  const found = content ? await allKeys(header, content) : await regionKeys(header, keys);
  for (const index of forgottenParts(header)) found.delete(index);
  for (const [index, key] of found) {
    const committed = await expand(key, utf8("facecrypt v2 commitment"));
    if (!equal(committed, entryOf(header, "commitments", index))) throw new Problem("wrong-key");
  }
  if (!content && !found.size) throw new Problem("forgotten");
  return { keys: found, whole: content !== null };
}

async function contentKey(header, keys) {
  for (const key of keys) {
    for (const stanza of key.unwrap ? header.keys : []) {
      const content = await key.unwrap(stanza);
      if (content === null) continue;
      const mac = await hmac(await expand(content, utf8("facecrypt v2 header")), macInput(header));
      if (hex(mac) !== header.mac) throw new Problem("changed");
      return content;
    }
  }
  return null;
}

async function allKeys(header, content) {
  const names = partsOf(header).map((part) =>
    typeof part === "number"
      ? join("facecrypt v2 region", be4(part))
      : utf8(`facecrypt v2 private ${part}`),
  );
  const found = await Promise.all(names.map((name) => expand(content, name)));
  return new Map(found.entries());
}

async function regionKeys(header, keys) {
  const given = keys.filter(({ kind }) => kind === "region");
  const here = await pictureId(header);
  const fitting = given.filter(
    ({ picture, index }) => picture === here && index < header.regions.length,
  );
  if (!fitting.length) {
    const other = given.length > 0 && given.length === keys.length;
    throw new Problem(other ? "other-picture" : "wrong-key");
  }
  return new Map(fitting.map(({ index, key }) => [index, key]));
}

/** Whether this is the ciphertext of that region: everybody can tell. */
export async function isSealed(header, index, data) {
  return equal(await sha256("facecrypt v2 sealed", data), entryOf(header, "digests", index));
}

/** Opens parts of one picture. */
export async function partOpener(header, kernel) {
  const aad = await aadOf(header);
  return async (index, data, key) => {
    if (index < header.regions.length) {
      if (!(await isSealed(header, index, data))) throw new Problem("changed");
    }
    const plain = await authenticated(header, index, data, key, aad);
    if (header.cipher === "aes-256-gcm") return plain;
    return unmixed(plain, await expand(key, utf8("facecrypt v2 logistic")), kernel);
  };
}

async function authenticated(header, index, data, key, aad) {
  const tag = entryOf(header, "tags", index);
  if (header.cipher === "logistic") {
    const found = await hmac(await expand(key, utf8("facecrypt v2 hmac")), aad, data);
    if (!equal(found, tag)) throw new Problem("changed");
    return data;
  }
  const material = await expand(key, utf8("facecrypt v2 aes-256-gcm"), 44);
  const [secret, nonce] = [material.subarray(0, 32), material.subarray(32)];
  const plain = await openGcm(secret, nonce, join(data, tag), aad);
  if (plain === null) throw new Problem("changed");
  return plain;
}

/** Bytes without the sealing stream, whose chunk of that number they begin. */
export async function unmixed(data, key, kernel, number = 0) {
  const chunks = Math.ceil(data.length / CHUNK);
  const mu = new Float64Array(LANES * chunks);
  const first = new Float64Array(LANES * chunks);
  for (let chunk = 0; chunk < chunks; ++chunk) {
    const words = viewOf(await expand(key, join("facecrypt v2 lanes", be8(number + chunk)), 1024));
    for (let lane = 0; lane < LANES; ++lane) {
      const [a, b] = [words.getBigUint64(16 * lane), words.getBigUint64(16 * lane + 8)];
      mu[LANES * chunk + lane] = muOf(a);
      first[LANES * chunk + lane] = startOf(b);
    }
  }
  return kernel.unmix(data, mu, first, CHUNK);
}

// Both quotients are exact: a whole number below 2^53 through a power of two.
export function muOf(word) {
  return Number(2n ** 53n - 2n ** 36n + (word >> 29n)) / 2 ** 51;
}

export function startOf(word) {
  return Number(1n + ((word * (2n ** 52n - 1n)) >> 64n)) / 2 ** 53;
}
