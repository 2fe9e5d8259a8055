/**
 * A bit a dimension, in `numpy.packbits`' order (as sentence-transformers' `ubinary`), padded with zeros to whole words of 32 bits. A bit says
 * whether the number is above its dimension's mean; it stands for `mean ± step`, with one step for all dimensions, and a query has a sign and
 * seven bits a dimension, or stays float where few rows are scored: then a table gives the product with eight bits at once. recall@10 of
 * MiniLM on Cranfield, without any rescoring and with 4 × by float32:
 *
 * | | alone | rescored |
 * |---|---|---|
 * | signs, Hamming distance (sentence-transformers) | 0.641 | 0.932 |
 * | signs, float query | 0.731 | 0.982 |
 * | above the mean, float query, cosine of `mean ± step` | 0.772 | 0.995 |
 * | the same after a random rotation, with a factor kept for each row (RaBitQ, arXiv:2405.12497) | 0.761 | 0.993 |
 *
 * Without the division by the length of `mean ± step` the mean gains nothing (0.725): rows that lie far along it score too high. A median in
 * the mean's place, or a step for each dimension, is within chance of it.
 */
import { oneByOne, type Quantizer, type Scorer, type VectorKind } from "./kind.ts";
import { roundRows, weigh } from "./rounded-queries.ts";
import { packQueries, products } from "./simd/products.ts";

export const binary: VectorKind = {
  about: "a bit a dimension, above or below the mean of a sample",
  bytes: (dims) => 4 * Math.ceil(dims / 32),
  calibrate: (sample, dims) => {
    const rows = sample.length / dims;
    const offset = new Float32Array(dims);
    // One zero among them: a vector must not be its own threshold.
    for (let i = 0; i < sample.length; i++) offset[i % dims] += sample[i] / (rows + 1);
    let step = 0;
    for (let i = 0; i < sample.length; i++) {
      step += Math.abs(sample[i] - offset[i % dims]) / sample.length;
    }
    return { offset, scale: new Float32Array(dims).fill(step) };
  },
  encode: (rows, { offset }) => {
    const dims = offset.length;
    const size = binary.bytes(dims);
    const codes = new Uint8Array((rows.length / dims) * size);
    for (let start = 0, at = 0; start < rows.length; start += dims, at += size) {
      for (let d = 0; d < dims; d++) {
        if (rows[start + d] > offset[d]) codes[at + (d >> 3)] |= 128 >> (d & 7);
      }
    }
    return codes;
  },
  decode: (codes, { offset, scale }) => {
    const dims = offset.length;
    const size = binary.bytes(dims);
    const rows = new Float32Array((codes.length / size) * dims);
    for (let start = 0, at = 0; start < rows.length; start += dims, at += size) {
      for (let d = 0; d < dims; d++) {
        const bit = codes[at + (d >> 3)] & (128 >> (d & 7));
        rows[start + d] = bit ? offset[d] + scale[d] : offset[d] - scale[d];
      }
    }
    return rows;
  },
  products: (queries, { offset, scale }) =>
    oneByOne(queries, offset.length, (query) => {
      const base = query.reduce((sum, x, d) => sum + x * offset[d], 0);
      return tableScorer(
        query.map((x, d) => x * scale[d]),
        base,
      );
    }),
  lengths,
  rough: true,
  scan: (queries, { offset, scale, similarity }) => {
    const dims = offset.length;
    const count = queries.length / dims;
    // Its length is a product of a row's bits too: one more query.
    const squares = offset.map((x, d) => 2 * x * scale[d]);
    const { weights, bases } = weigh(queries, { offset, scale });
    const { rounded, sides } = roundRows(Float64Array.from([...weights, ...squares]), dims);
    const square = offset.reduce((sum, x, d) => sum + x * x + scale[d] * scale[d], 0);
    const packed = packQueries("bits", rounded, dims);
    return (codes, row, rows) => {
      const { values } = products(packed, codes, {
        row,
        count: rows,
        rowBytes: binary.bytes(dims),
      });
      const sumOf = (query: number, i: number) =>
        sides[query].step * (2 * values[query * rows + i] - sides[query].total);
      const shares = new Float64Array(rows).fill(1);
      for (let i = 0; similarity === "cosine" && i < rows; i++) {
        const length = Math.sqrt(Math.max(0, square + sumOf(count, i)));
        shares[i] = length > 0 ? 1 / length : 0;
      }
      const score = (query: number, i: number) => (bases[query] + sumOf(query, i)) * shares[i];
      return {
        score,
        next: (query, from, least) => {
          let i = from;
          while (i < rows && score(query, i) < least) i++;
          return i;
        },
      };
    };
  },
};

/** `|offset ± scale|² = Σ (offset² + scale²) ± Σ 2 · offset · scale`. */
function lengths({ offset, scale }: Quantizer): Scorer {
  const base = offset.reduce((sum, x, d) => sum + x * x + scale[d] * scale[d], 0);
  const squares = tableScorer(
    offset.map((x, d) => 2 * x * scale[d]),
    base,
  );
  return (codes, row, count, out) => {
    squares(codes, row, count, out);
    for (let i = 0; i < count; i++) out[i] = Math.sqrt(Math.max(out[i], 0));
  };
}

/** `base + Σ ± weight`, by a table of the 256 sums of each eight bits. Bits that pad a row are worth nothing. */
function tableScorer(weights: Float32Array, base: number): Scorer {
  const size = binary.bytes(weights.length);
  const table = new Float32Array(256 * size);
  for (let byte = 0; byte < size; byte++) {
    const at = 256 * byte;
    for (let bit = 0; bit < 8; bit++) table[at] -= weights[8 * byte + bit] ?? 0;
    for (let code = 1; code < 256; code++) {
      const lowest = code & -code;
      const weight = weights[8 * byte + 7 - Math.log2(lowest)] ?? 0;
      table[at + code] = table[at + code - lowest] + 2 * weight;
    }
  }
  return (codes, row, count, out) => {
    const last = row + count - 1;
    for (let i = 0; i < count; i += TILE) tableTile(table, codes, row + i, last, base, i, out);
  };
}

/** Rows whose sums are made at once: each waits for its own additions only. */
const TILE = 4;

/** Sums of the rows from `row` on; past `last` that one is taken again. */
function tableTile(
  table: Float32Array,
  codes: Uint8Array,
  row: number,
  last: number,
  base: number,
  at: number,
  out: Float64Array,
): void {
  const size = table.length / 256;
  let r0 = row * size;
  let r1 = Math.min(row + 1, last) * size;
  let r2 = Math.min(row + 2, last) * size;
  let r3 = Math.min(row + 3, last) * size;
  let s0 = base;
  let s1 = base;
  let s2 = base;
  let s3 = base;
  for (let part = 0; part < table.length; part += 256) {
    s0 += table[part + codes[r0++]];
    s1 += table[part + codes[r1++]];
    s2 += table[part + codes[r2++]];
    s3 += table[part + codes[r3++]];
  }
  out[at] = s0;
  if (row < last) out[at + 1] = s1;
  if (row + 1 < last) out[at + 2] = s2;
  if (row + 2 < last) out[at + 3] = s3;
}

/**
 * The Hamming distance of the code `query` to rows of codes: what compares two rows that are both bits, and what other programs search by.
 * Bits are counted in words of 32 (Warren, Hacker's Delight, 5-1).
 */
export function hamming(query: Uint8Array): Scorer {
  const wanted = wordsOf(query);
  return (codes, row, count, out) => {
    const words = wordsOf(codes);
    for (let i = 0, at = row * wanted.length; i < count; i++) {
      let distance = 0;
      for (let w = 0; w < wanted.length; w++) {
        let bits = wanted[w] ^ words[at++];
        bits -= (bits >>> 1) & 0x55555555;
        bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
        bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
        distance += Math.imul(bits, 0x01010101) >>> 24;
      }
      out[i] = distance;
    }
  };
}

function wordsOf(codes: Uint8Array): Uint32Array {
  return new Uint32Array(codes.buffer, codes.byteOffset, codes.byteLength / 4);
}
