/** Vectors as JSON, in the formats that clients ask for. */
import { setImmediate } from "node:timers/promises";

/**
 * How one vector is written. `int8` is `x / scale` to the nearest, with `scale` the largest `|x| / 127` of the vector, written beside it; `ubinary` is a bit a dimension, set
 * above 0, eight in a number, the first the highest, as numpy's packbits and sentence-transformers have it.
 */
export const vectorFormats = {
  float: (vector) => `"embedding":[${vector.join(",")}]`,
  base64: (vector) => {
    const { buffer, byteOffset, byteLength } = vector;
    return `"embedding":"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"`;
  },
  int8: (vector) => {
    const most = vector.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const scale = most / 127 || 1;
    const codes = Int8Array.from(vector, (x) => Math.round(x / scale));
    return `"embedding":[${codes.join(",")}],"scale":${scale}`;
  },
  ubinary: (vector) => {
    const bits = new Uint8Array(Math.ceil(vector.length / 8));
    for (const [i, x] of vector.entries()) if (x > 0) bits[i >> 3] |= 0x80 >> (i & 7);
    return `"embedding":[${bits.join(",")}]`;
  },
} as const satisfies Record<string, (vector: Float32Array) => string>;

export type VectorFormat = keyof typeof vectorFormats;

/** The event loop is not held for longer than this. */
const SLICE_MS = 2;

/** Each vector of rows `[N, dims]` written by `write`, in small pieces between which other requests are seen to. */
export async function writeRows(
  vectors: Float32Array,
  dims: number,
  write: (vector: Float32Array, index: number) => string,
): Promise<string[]> {
  const rows: string[] = [];
  let since = performance.now();
  for (let start = 0; start < vectors.length; start += dims) {
    rows.push(write(vectors.subarray(start, start + dims), rows.length));
    if (performance.now() - since < SLICE_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  return rows;
}
