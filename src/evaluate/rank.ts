/** Exact search, for evaluation. */
import { NearfoldError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { TopK } from "../tensor/top-k.ts";
import { type Ranking, type TieOptions, tiePlaces } from "./ranking.ts";

export type Similarity = "cosine" | "dot";

export interface RankOptions extends TieOptions {
  /** The document of each row of `documents`. */
  readonly ids: readonly string[];
  /** Hits kept for each query. */
  readonly k: number;
  /** @default "cosine" */
  readonly similarity?: Similarity;
}

/** Documents in a block: with a width of 384 it stays in the second-level cache while all queries pass over it. */
const BLOCK = 64;

/**
 * The `k` documents nearest to each query, by float64 sums: `[Q, D]` and `[N, D]` give `Q` rankings of
 * `min(k, N)` hits. The cosine with a zero vector is 0.
 * @throws mismatch for widths or ids that do not fit, not-finite naming the row, bad-argument for `k` below 1.
 */
export function rank(
  queries: Tensor<"float32">,
  documents: Tensor<"float32">,
  { ids, k, similarity = "cosine", ties = "ascending" }: RankOptions,
): readonly Ranking[] {
  const [count, width] = queries.shape;
  const [size] = documents.shape;
  check(queries, documents, ids, k);
  const queryScale = scales(queries, similarity, "query");
  const documentScale = scales(documents, similarity, "document");
  const places = tiePlaces(ids, ties);
  const best = Array.from({ length: count }, () => new TopK(Math.min(k, size), places));
  const sums = new Float64Array(4 * 2);
  for (let block = 0; block < size; block += BLOCK) {
    const end = Math.min(block + BLOCK, size);
    for (let q = 0; q < count; q += 4) {
      for (let d = block; d < end; d += 2) {
        dot4x2(queries.data, q, count, documents.data, d, size, width, sums);
        for (let i = 0; i < 4 && q + i < count; i++) {
          for (let j = 0; j < 2 && d + j < end; j++) {
            best[q + i].push(sums[2 * i + j] * queryScale[q + i] * documentScale[d + j], d + j);
          }
        }
      }
    }
  }
  return best.map((top) => top.sorted().map(({ row, score }) => ({ id: ids[row], score })));
}

/**
 * Dot products of four queries with two documents: each number loaded serves several products. A row past the end is
 * replaced by the last, and the caller leaves its sums alone. Every sum runs over the width in order, so equal
 * documents score equally wherever they stand.
 */
function dot4x2(
  queries: Float32Array,
  q: number,
  count: number,
  documents: Float32Array,
  d: number,
  size: number,
  width: number,
  sums: Float64Array,
): void {
  let q0 = q * width;
  let q1 = Math.min(q + 1, count - 1) * width;
  let q2 = Math.min(q + 2, count - 1) * width;
  let q3 = Math.min(q + 3, count - 1) * width;
  let d1 = Math.min(d + 1, size - 1) * width;
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  const end = (d + 1) * width;
  for (let d0 = d * width; d0 < end; d0++) {
    const x = documents[d0];
    const y = documents[d1++];
    const a = queries[q0++];
    const b = queries[q1++];
    const c = queries[q2++];
    const e = queries[q3++];
    s00 += a * x;
    s01 += a * y;
    s10 += b * x;
    s11 += b * y;
    s20 += c * x;
    s21 += c * y;
    s30 += e * x;
    s31 += e * y;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s10;
  sums[3] = s11;
  sums[4] = s20;
  sums[5] = s21;
  sums[6] = s30;
  sums[7] = s31;
}

/** What each row's products are multiplied by: one over its length for the cosine. */
function scales({ shape: [rows, width], data }: Tensor<"float32">, by: Similarity, kind: string) {
  const out = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let square = 0;
    for (let i = row * width; i < (row + 1) * width; i++) square += data[i] * data[i];
    if (!Number.isFinite(square)) {
      throw new NearfoldError(
        "not-finite",
        `the vector of ${kind} ${row} holds a NaN or an infinity`,
      );
    }
    if (by === "dot") out[row] = 1;
    else out[row] = square > 0 ? 1 / Math.sqrt(square) : 0;
  }
  return out;
}

function check(
  { shape: queries }: Tensor,
  { shape: documents }: Tensor,
  ids: readonly string[],
  k: number,
): void {
  if (queries.length !== 2 || documents.length !== 2 || queries[1] !== documents[1]) {
    throw new NearfoldError("mismatch", "queries and documents are not vectors of one width", {
      got: `[${queries}] and [${documents}]`,
      wanted: "[Q, D] and [N, D]",
    });
  }
  if (ids.length !== documents[0]) {
    throw new NearfoldError("mismatch", "another number of ids than of documents", {
      got: `${ids.length} ids`,
      wanted: `${documents[0]}`,
    });
  }
  if (Number.isSafeInteger(k) && k >= 1) return;
  throw new NearfoldError("bad-argument", "not a number of hits", {
    got: String(k),
    wanted: "1 or more",
  });
}
