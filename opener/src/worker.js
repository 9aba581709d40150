// The work, away from the page so that it stays alive.
import code from "opener-wasm";

import { Kernel } from "./kernel.js";
import { keysOf, parseKeys, passphrase } from "./keys.js";
import { describe, kindOf, openedName, openSealed, readSealed } from "./open.js";
import { Problem } from "./problem.js";

let compiled = null;
// Stretching takes seconds, and the pictures of one job mostly share a salt.
let known = { name: null, key: null };

async function kernel() {
  compiled ??= WebAssembly.compile(code);
  // One for each picture: so its memory is given back, and no failure goes on in the next.
  return Kernel.load(await compiled);
}

function passphraseKey(text, costly, tell) {
  const name = JSON.stringify([text, costly]);
  if (known.name !== name) known = { name, key: passphrase(text, { costly, tell }) };
  return known.key;
}

async function keysFrom({ texts, files, secret, costly }, tell) {
  const lists = await Promise.all([
    ...texts.map(parseKeys),
    ...files.map(async (file) => keysOf(new Uint8Array(await file.arrayBuffer()))),
  ]);
  const stretching = (share) => tell(share, "stretching");
  const phrase = secret ? passphraseKey(secret, costly, stretching) : null;
  const given = lists.flat();
  const locked = given.filter(({ kind }) => kind === "locked");
  const keys = given.filter(({ kind }) => kind !== "locked");
  // A passphrase that unlocks a key is there for that.
  if (phrase) keys.push(...(locked.length ? await Promise.all(locked.map((key) => key.unlock(phrase))) : [phrase]));
  if (!keys.length) throw new Problem(locked.length ? "locked-key" : "no-key-given");
  return { keys, stillLocked: !phrase && locked.length > 0 };
}

const tasks = {
  async kinds({ files }) {
    return Promise.all(files.map(kindOf));
  },
  async check({ file }) {
    return (await keysOf(new Uint8Array(await file.arrayBuffer()))).map(({ kind }) => kind);
  },
  async look({ file, beside }) {
    const { payloads } = await readSealed(file, beside);
    return describe(payloads[0]);
  },
  async open({ file, beside, keys, allowEdited }, tell) {
    const { keys: given, stillLocked } = await keysFrom(keys, tell);
    const sealed = await readSealed(file, beside);
    const { files, shown, edited, whole, unlocked, payload } = await openSealed(
      sealed,
      given,
      await kernel(),
      { allowEdited },
      tell,
    ).catch((error) => {
      throw stillLocked && error.code === "wrong-key" ? new Problem("locked-key") : error;
    });
    const count = payload.header.regions.length;
    return {
      files: files.map(({ blob, suffix }) => ({ blob, name: openedName(file.name, suffix) })),
      shown,
      edited,
      whole,
      regions: [...unlocked.keys.keys()].filter((index) => index < count).sort((a, b) => a - b),
      description: await describe(payload),
    };
  },
};

self.onmessage = async ({ data: { number, task, input } }) => {
  const tell = (share, what = "working") => self.postMessage({ number, share, what });
  try {
    self.postMessage({ number, result: await tasks[task](input, tell) });
  } catch (error) {
    const { code: name = "internal", detail = String(error) } = error;
    self.postMessage({ number, problem: { code: typeof name === "string" ? name : "internal", detail } });
  }
};
