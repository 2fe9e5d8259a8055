/** Vectors in pgvector's binary form of float16. Source: https://github.com/pgvector/pgvector/blob/v0.8.2/src/halfvec.c (`halfvec_recv`). */
import { NearfoldError } from "../../errors.ts";

/** What a halfvec column can hold, and what HNSW indexes of it. */
export const MAX_DIMS = 4000;
/** From here on a number rounds to infinity. */
const TOO_LARGE = 65_520;
const HEAD = 4;

/** @throws bad-argument for a number that float16 has no room for; `label` names the row */
export function requireHalves(
  rows: Float32Array,
  dims: number,
  label: (row: number) => string,
): void {
  const at = rows.findIndex((value) => Math.abs(value) >= TOO_LARGE);
  if (at < 0) return;
  throw new NearfoldError("bad-argument", "a number is too large for float16", {
    at: label(Math.floor(at / dims)),
    got: String(rows[at]),
    wanted: "less than 65,520",
  });
}

/**
 * `halfvec[]` of rows `[N, D]`, N ≥ 1, as the protocol sends arrays: rounded to the nearest float16, ties to even.
 * @param type the number that this database has for the type halfvec
 */
export function halfvecs(rows: Float32Array, dims: number, type: number): Buffer {
  const count = rows.length / dims;
  const size = HEAD + 2 * dims;
  const out = Buffer.alloc(20 + count * (4 + size));
  // One dimension, no NULLs, the type of elements, how many, and that they are numbered from 1.
  [1, 0, type, count, 1].forEach((word, i) => {
    out.writeUInt32BE(word, 4 * i);
  });
  const halves = Buffer.from(Float16Array.from(rows).buffer).swap16();
  for (let row = 0; row < count; row++) {
    const at = 20 + row * (4 + size);
    out.writeUInt32BE(size, at);
    out.writeUInt16BE(dims, at + 4);
    halves.copy(out, at + 4 + HEAD, row * 2 * dims, (row + 1) * 2 * dims);
  }
  return out;
}

/** As the server writes one: `[0.5,-1]`. */
export function parseHalfvec(text: string): Float32Array {
  return Float32Array.from(JSON.parse(text) as number[]);
}
