/** The two passes of a search: all rows by their codes, then the best of them by what says more. */
import { TopK } from "../tensor/top-k.ts";
import type { Quantizer, Scan, Scorer, Scores } from "./kind.ts";
import { bytesPerVector, leading } from "./quantizer.ts";
import { vectorKinds } from "./registry.ts";

/** A row and its score, best first in a list. */
export interface RowHit {
  readonly row: number;
  readonly score: number;
}

/** Bytes of codes that are gone through at once: queries that come together find them in the second-level cache, each after the first. */
const PART_BYTES = { together: 2 ** 18, alone: 2 ** 20 };
/** Queries whose numbers, with their scores of a part, stay there too. */
const GROUP = 32;

/** The first pass: every query against every row. Feed it blocks in the order of the rows, then ask for the best. */
export class CodeScan {
  readonly #quantizer: Quantizer;
  readonly #groups: readonly { readonly scan: Scan; readonly best: readonly TopK[] }[];

  /**
   * @param queries `[Q, width]`, of unit length under cosine
   * @param room rows kept for each query
   */
  constructor(queries: Float32Array, width: number, room: number, quantizer: Quantizer) {
    const { dims } = quantizer.format;
    const asked = leading(queries, width, quantizer);
    this.#quantizer = quantizer;
    this.#groups = Array.from({ length: Math.ceil(asked.length / (GROUP * dims)) }, (_, i) => {
      const group = asked.subarray(i * GROUP * dims, (i + 1) * GROUP * dims);
      const best = Array.from({ length: group.length / dims }, () => new TopK(room));
      return { scan: scanOf(group, quantizer), best };
    });
  }

  /** Scores `rows` codes that begin at row `first`; rows that are not `live` are left out. */
  block(codes: Uint8Array, rows: number, first: number, live: (row: number) => boolean): void {
    const size = bytesPerVector(this.#quantizer.format);
    const together = this.#groups[0]?.best.length ?? 0;
    const part = PART_BYTES[together > 1 ? "together" : "alone"];
    const step = Math.min(rows, Math.max(4, 4 * Math.floor(part / size / 4)));
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      for (const { scan, best } of this.#groups) {
        const scores = scan(codes, row, count);
        for (const [query, kept] of best.entries()) {
          keepBest(kept, scores, { query, count, first: first + row, live });
        }
      }
    }
  }

  /** For each query its rows and scores, best first. */
  found(): readonly (readonly RowHit[])[] {
    return this.#groups.flatMap(({ best }) => best.map((kept) => kept.sorted()));
  }
}

interface Part {
  readonly query: number;
  readonly count: number;
  /** The number of its first row. */
  readonly first: number;
  readonly live: (row: number) => boolean;
}

/** Offers the rows of a part: nearly all are passed over once there are enough. */
function keepBest(best: TopK, { next, score }: Scores, { query, count, first, live }: Part): void {
  for (let i = 0; ; i++) {
    const { least } = best;
    if (least > Number.NEGATIVE_INFINITY) i = next(query, i, least);
    if (i >= count) return;
    const [row, found] = [first + i, score(query, i)];
    if (best.takes(found, row) && live(row)) best.push(found, row);
  }
}

/** The way of the format, or products by lengths. */
function scanOf(queries: Float32Array, quantizer: Quantizer): Scan {
  const { scan, products } = vectorKinds[quantizer.format.type];
  if (scan) return scan(queries, quantizer);
  const [multiply, lengthen] = [products(queries, quantizer), lengthsOf(quantizer)];
  const asked = queries.length / quantizer.format.dims;
  return (codes, row, count) => {
    const scores = new Float64Array(asked * count);
    multiply(codes, row, count, scores);
    if (lengthen) {
      const lengths = new Float64Array(count);
      lengthen(codes, row, count, lengths);
      for (let at = 0; at < scores.length; at++) {
        scores[at] = quotient(scores[at], lengths[at % count]);
      }
    }
    return {
      next: (query, from, least) => {
        let i = from;
        while (i < count && scores[query * count + i] < least) i++;
        return i;
      },
      score: (query, i) => scores[query * count + i],
    };
  };
}

/**
 * The second pass for one query `[width]`: the best `k` of some rows, whose codes are given in the same order. Of equal scores the lower row
 * comes first.
 */
export function rescore(
  query: Float32Array,
  rows: readonly number[],
  codes: Uint8Array,
  { k, quantizer }: { readonly k: number; readonly quantizer: Quantizer },
): readonly RowHit[] {
  const asked = leading(query, query.length, quantizer);
  const scores = new Float64Array(rows.length);
  const lengths = new Float64Array(rows.length).fill(1);
  vectorKinds[quantizer.format.type].products(asked, quantizer)(codes, 0, rows.length, scores);
  lengthsOf(quantizer)?.(codes, 0, rows.length, lengths);
  const best = new TopK(Math.min(k, rows.length));
  rows.forEach((row, i) => {
    best.push(quotient(scores[i], lengths[i]), row);
  });
  return best.sorted();
}

/** What the second pass goes by: the finer vectors, the codes themselves where the first pass rounded the query, or nothing. */
export function secondPass(search: Quantizer, finer: Quantizer | undefined): Quantizer | undefined {
  return finer ?? (vectorKinds[search.format.type].rough ? search : undefined);
}

function lengthsOf(quantizer: Quantizer): Scorer | undefined {
  if (quantizer.similarity === "dot") return undefined;
  return vectorKinds[quantizer.format.type].lengths?.(quantizer);
}

/** A code of length 0 is near to nothing. */
function quotient(product: number, length: number): number {
  return length > 0 ? product / length : 0;
}
