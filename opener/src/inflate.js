// Deflate by the browser: with a limit, and with a preset dictionary, which it does not know.
import { join } from "./bytes.js";

/**
 * @param {Uint8Array} data
 * @param {"deflate" | "deflate-raw"} format
 * @param {number} most bytes that may come out
 * @param {Uint8Array} [dictionary] of at most 65,535 bytes; for "deflate-raw" alone
 * @returns {Promise<Uint8Array | null>} null where it is damaged, does not end or gives more
 */
export async function inflate(data, format, most, dictionary = new Uint8Array(0)) {
  const known = dictionary.length;
  // A stored block before the stream: what refers back past its beginning then finds it there.
  const low = known & 255;
  const high = known >> 8;
  const block = Uint8Array.of(0, low, high, low ^ 255, high ^ 255);
  const whole = known ? join(block, dictionary, data) : data;
  const reader = new Blob([whole]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const pieces = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
      if (size > most + known) {
        await reader.cancel();
        return null;
      }
    }
  } catch {
    return null;
  }
  return join(...pieces).subarray(known);
}

export async function deflate(stream) {
  return new Uint8Array(
    await new Response(stream.pipeThrough(new CompressionStream("deflate"))).arrayBuffer(),
  );
}
