// csrc/ as WebAssembly: memory, calls, failures.
import { latin1 } from "./bytes.js";
import { Problem } from "./problem.js";

const DAMAGED = 2;

export class Kernel {
  /** @param {WebAssembly.Module} module */
  static async load(module) {
    const imports = {
      env: { emscripten_notify_memory_growth() {} },
      wasi_snapshot_preview1: {
        proc_exit(status) {
          throw new Problem("internal", `the codec ended with ${status}`);
        },
      },
    };
    const instance = await WebAssembly.instantiate(module, imports);
    instance.exports._initialize();
    return new Kernel(instance.exports);
  }

  constructor(exports) {
    this.own = exports;
    this.held = [];
  }

  /** Frame of a JPEG and its segments. */
  layout(file) {
    return this.#with(() => {
      this.#done(this.own.layout(this.#put(file), file.length));
      const bytes = this.#taken(this.own.result_at(), this.own.result_size());
      return layoutOf(new Uint32Array(bytes.buffer));
    });
  }

  /** Calls `tell` with the tokens of the public coefficients, a stretch at a time. */
  tokens(file, rects, tell) {
    this.#with(() => {
      const count = rects.length;
      this.#done(this.own.begin_tokens(this.#put(file), file.length, this.#rects(rects), count));
      this.#steps(tell);
    });
  }

  /** The original of a sealed JPEG; tokens as above. `own`: skeleton, recipe, dummies, tail. */
  restore(file, rects, regions, own, tell) {
    return this.#with(() => {
      const [at, places] = [this.#put(file), this.#rects(rects)];
      const [parts, others] = [this.#views(regions), this.#views(own)];
      const begun = this.own.begin_restore(at, file.length, places, parts, rects.length, others);
      this.#done(begun);
      this.#steps(tell);
      return this.#taken(this.own.original_at(), this.own.original_size());
    });
  }

  /** DQT to EOI of a sealed JPEG with regions put back; those that are null stay as they are. */
  place(file, rects, regions) {
    return this.#with(() => {
      const [at, places] = [this.#put(file), this.#rects(rects)];
      const parts = this.#views(regions.map((region) => region ?? new Uint8Array(0)));
      this.#done(this.own.put_back(at, file.length, places, parts, rects.length));
      return this.#taken(this.own.result_at(), this.own.result_size());
    });
  }

  /** Data without the sealing stream, whose chunks have 64 lanes each. */
  unmix(data, mu, first, chunk) {
    return this.#with(() => {
      const at = this.#put(data);
      this.own.sealing_stream(this.#put(mu), this.#put(first), chunk, at, data.length);
      return this.#taken(at, data.length);
    });
  }

  #with(work) {
    try {
      return work();
    } catch (error) {
      // A trap, say where memory ran out, leaves the module in no known state.
      if (error instanceof Problem) throw error;
      throw new Problem("too-large", String(error));
    } finally {
      for (const at of this.held.splice(0)) this.own.give(at);
    }
  }

  #put(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const at = this.own.take(bytes.length) >>> 0;
    if (at === 0) throw new Problem("too-large");
    this.held.push(at);
    new Uint8Array(this.own.memory.buffer).set(bytes, at);
    return at;
  }

  #rects(rects) {
    return this.#put(Uint32Array.from(rects.flat()));
  }

  #views(parts) {
    return this.#put(Uint32Array.from(parts.flatMap((part) => [this.#put(part), part.length])));
  }

  #steps(tell) {
    for (let state = 1; state === 1; ) {
      state = this.own.step();
      this.#done(state !== 0);
      const [at, size] = [this.own.result_at() >>> 0, this.own.result_size()];
      tell(new Uint8Array(this.own.memory.buffer, at, size));
    }
  }

  #taken(at, size) {
    return new Uint8Array(this.own.memory.buffer, at >>> 0, size >>> 0).slice();
  }

  #done(worked) {
    if (worked) return;
    const message = this.#taken(this.own.failure_at(), this.own.failure_size());
    const kind = this.own.failure_kind() === DAMAGED ? "parts-do-not-fit" : "damaged";
    throw new Problem(kind, latin1(message));
  }
}

function layoutOf(numbers) {
  let at = 0;
  const take = () => numbers[at++];
  const [precision, width, height, count] = [take(), take(), take(), take()];
  const named = Array.from({ length: count }, () => [take(), [take(), take(), take()]]);
  const [ids, components] = [named.map(([id]) => id), named.map(([, one]) => one)];
  const tables = Array.from({ length: 4 }, () => Array.from({ length: 64 }, take));
  const segments = Array.from({ length: take() }, () => ({
    marker: take(),
    offset: take(),
    size: take(),
  }));
  return { precision, width, height, ids, components, tables, segments };
}
