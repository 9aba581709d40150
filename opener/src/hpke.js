// HPKE (RFC 9180) in base mode, for who holds the private key: DHKEM(X25519) and X-Wing.
import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

import { join } from "./bytes.js";
import { expand, hmac, openGcm, x25519 } from "./crypto.js";

const NONE = new Uint8Array(0);
// The salt of HKDF-Extract where there is none (RFC 5869, section 2.2).
const ZEROS = new Uint8Array(32);
// What X-Wing hashes last (draft-connolly-cfrg-xwing-kem, section 5.3).
const XWING = "\\.//^\\";

const be2 = (number) => Uint8Array.of(number >> 8, number);

/** HKDF whose labels carry a suite (RFC 9180, section 4). */
function labeled(suite) {
  return {
    extract: (salt, label, ikm) => hmac(salt, "HPKE-v1", suite, label, ikm),
    expand: (key, label, info, size) =>
      expand(key, join(be2(size), "HPKE-v1", suite, label, info), size),
  };
}

/** DHKEM(X25519, HKDF-SHA256): the shared secret, or null. */
export const curve = {
  number: 0x0020,
  sent: 32,
  async decapsulate(sent, secret, publicKey) {
    const shared = await x25519(secret, sent);
    if (shared === null) return null;
    const kdf = labeled(join("KEM", be2(this.number)));
    const key = await kdf.extract(ZEROS, "eae_prk", shared);
    return kdf.expand(key, "shared_secret", join(sent, publicKey), 32);
  },
};

/** X-Wing; private keys are the seed of ML-KEM-768 (64 bytes) and the X25519 key. */
export const hybrid = {
  number: 0x647a,
  sent: 1088 + 32,
  async decapsulate(sent, secret, publicKey) {
    const { secretKey } = ml_kem768.keygen(secret.subarray(0, 64));
    const lattice = ml_kem768.decapsulate(sent.subarray(0, 1088), secretKey);
    const theirs = sent.subarray(1088);
    const shared = await x25519(secret.subarray(64), theirs);
    if (shared === null) return null;
    return sha3_256(join(lattice, shared, theirs, publicKey.subarray(1184), XWING));
  },
};

/** What was sealed with HKDF-SHA256 and AES-256-GCM; null where the key does not open it. */
export async function openHpke(kem, wrapped, secret, publicKey, info) {
  const shared = await kem.decapsulate(wrapped.subarray(0, kem.sent), secret, publicKey);
  if (shared === null) return null;
  const kdf = labeled(join("HPKE", be2(kem.number), be2(1), be2(2)));
  const context = join(
    Uint8Array.of(0),
    await kdf.extract(ZEROS, "psk_id_hash", NONE),
    await kdf.extract(ZEROS, "info_hash", info),
  );
  const inner = await kdf.extract(shared, "secret", NONE);
  const key = await kdf.expand(inner, "key", context, 32);
  const nonce = await kdf.expand(inner, "base_nonce", context, 12);
  return openGcm(key, nonce, wrapped.subarray(kem.sent), NONE);
}
