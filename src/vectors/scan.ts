/** The two passes of a search: all rows by their codes, then the best of them by what says more. */
import { TopK } from "../tensor/top-k.ts";
import type { Quantizer } from "./kind.ts";
import { bytesPerVector, leading } from "./quantizer.ts";
import { vectorKinds } from "./registry.ts";

/** A row and its score, best first in a list. */
export interface RowHit {
  readonly row: number;
  readonly score: number;
}

/** Bytes of codes that all queries pass over while they stay in the second-level cache. */
const PART_BYTES = 2 ** 18;

/** The first pass: every query against every row. Feed it blocks in the order of the rows, then ask for the best. */
export class CodeScan {
  readonly #quantizer: Quantizer;
  readonly #products: readonly ReturnType<(typeof vectorKinds)["float32"]["products"]>[];
  readonly #lengths: ReturnType<typeof lengthsOf>;
  readonly #best: readonly TopK[];

  /**
   * @param queries `[Q, width]`, of unit length under cosine
   * @param room rows kept for each query
   */
  constructor(queries: Float32Array, width: number, room: number, quantizer: Quantizer) {
    const { codeProducts, products } = vectorKinds[quantizer.format.type];
    this.#quantizer = quantizer;
    this.#products = queriesOf(queries, width, quantizer).map((query) =>
      (codeProducts ?? products)(query, quantizer),
    );
    // A rough product is not worth a length: the second pass divides by it.
    this.#lengths = codeProducts ? undefined : lengthsOf(quantizer);
    this.#best = this.#products.map(() => new TopK(room));
  }

  /** Scores `rows` codes that begin at row `first`; rows that are not `live` are left out. */
  block(codes: Uint8Array, rows: number, first: number, live: (row: number) => boolean): void {
    const size = bytesPerVector(this.#quantizer.format);
    const step = Math.min(rows, Math.max(4, 4 * Math.floor(PART_BYTES / size / 4)));
    const scores = new Float64Array(step);
    const lengths = new Float64Array(step).fill(1);
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      this.#lengths?.(codes, row, count, lengths);
      this.#products.forEach((products, query) => {
        products(codes, row, count, scores);
        const best = this.#best[query];
        for (let i = 0; i < count; i++) {
          const at = first + row + i;
          const score = quotient(scores[i], lengths[i]);
          if (best.takes(score, at) && live(at)) best.push(score, at);
        }
      });
    }
  }

  /** For each query its rows and scores, best first. */
  found(): readonly (readonly RowHit[])[] {
    return this.#best.map((best) => best.sorted());
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
  const [asked] = queriesOf(query, query.length, quantizer);
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

function queriesOf(queries: Float32Array, width: number, quantizer: Quantizer): Float32Array[] {
  const { dims } = quantizer.format;
  const rows = leading(queries, width, quantizer);
  return Array.from({ length: rows.length / dims }, (_, i) =>
    rows.subarray(i * dims, (i + 1) * dims),
  );
}

function lengthsOf(quantizer: Quantizer) {
  if (quantizer.similarity === "dot") return undefined;
  return vectorKinds[quantizer.format.type].lengths?.(quantizer);
}

/** A code of length 0 is near to nothing. */
function quotient(product: number, length: number): number {
  return length > 0 ? product / length : 0;
}
