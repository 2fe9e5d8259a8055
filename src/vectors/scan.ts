/** The two passes of a search: all rows by their codes, then the best of them by what says more. */
import { TopK } from "../tensor/top-k.ts";
import type { Quantizer, Scorer } from "./kind.ts";
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
  readonly #groups: readonly { readonly products: Scorer; readonly best: readonly TopK[] }[];
  readonly #lengths: Scorer | undefined;

  /**
   * @param queries `[Q, width]`, of unit length under cosine
   * @param room rows kept for each query
   */
  constructor(queries: Float32Array, width: number, room: number, quantizer: Quantizer) {
    const { codeProducts, products } = vectorKinds[quantizer.format.type];
    const numbers = GROUP * quantizer.format.dims;
    const asked = leading(queries, width, quantizer);
    this.#quantizer = quantizer;
    this.#groups = Array.from({ length: Math.ceil(asked.length / numbers) }, (_, i) => {
      const group = asked.subarray(i * numbers, (i + 1) * numbers);
      return {
        products: (codeProducts ?? products)(group, quantizer),
        best: Array.from({ length: group.length / quantizer.format.dims }, () => new TopK(room)),
      };
    });
    // A rough product is not worth a length: the second pass divides by it.
    this.#lengths = codeProducts ? undefined : lengthsOf(quantizer);
  }

  /** Scores `rows` codes that begin at row `first`; rows that are not `live` are left out. */
  block(codes: Uint8Array, rows: number, first: number, live: (row: number) => boolean): void {
    const size = bytesPerVector(this.#quantizer.format);
    const together = this.#groups[0]?.best.length ?? 0;
    const part = PART_BYTES[together > 1 ? "together" : "alone"];
    const step = Math.min(rows, Math.max(4, 4 * Math.floor(part / size / 4)));
    const scores = new Float64Array(step * together);
    const lengths = this.#lengths && new Float64Array(step);
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      if (lengths) this.#lengths?.(codes, row, count, lengths);
      for (const { products, best } of this.#groups) {
        products(codes, row, count, scores);
        best.forEach((kept, query) => {
          const part = scores.subarray(query * count, (query + 1) * count);
          if (lengths) for (let i = 0; i < count; i++) part[i] = quotient(part[i], lengths[i]);
          keepBest(kept, part, first + row, live);
        });
      }
    }
  }

  /** For each query its rows and scores, best first. */
  found(): readonly (readonly RowHit[])[] {
    return this.#groups.flatMap(({ best }) => best.map((kept) => kept.sorted()));
  }
}

/** Offers the scores of rows that begin at row `first`. */
function keepBest(
  best: TopK,
  scores: Float64Array,
  first: number,
  live: (row: number) => boolean,
): void {
  const count = scores.length;
  let at = 0;
  while (at < count) {
    // Most are passed over here.
    const least = best.least;
    while (at < count && scores[at] < least) at++;
    if (at === count) return;
    const row = first + at;
    const score = scores[at++];
    if (best.takes(score, row) && live(row)) best.push(score, row);
  }
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
  return finer ?? (vectorKinds[search.format.type].codeProducts ? search : undefined);
}

function lengthsOf(quantizer: Quantizer): Scorer | undefined {
  if (quantizer.similarity === "dot") return undefined;
  return vectorKinds[quantizer.format.type].lengths?.(quantizer);
}

/** A code of length 0 is near to nothing. */
function quotient(product: number, length: number): number {
  return length > 0 ? product / length : 0;
}
