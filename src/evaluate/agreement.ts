/** How far two models agree, whoever is right: in what they find first, in its order, and in the vectors themselves. */
import { NearfoldError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ranking, Run } from "./ranking.ts";

export interface AgreementOptions {
  /** Depth of the overlap. @default 10 */
  readonly k?: number;
  /** Weight of a rank over that of the rank before it, in rank-biased overlap; at 0.9 the first ten hold 86 % of the weight. @default 0.9 */
  readonly persistence?: number;
}

export interface RunAgreement {
  /** Mean share of the first `k` documents that both find. */
  readonly overlap: number;
  /** Mean rank-biased overlap. */
  readonly rankBiasedOverlap: number;
}

/**
 * Means over the queries of either run; a query that one run lacks found nothing there.
 * @throws bad-argument for two runs without a query, or as its parts
 */
export function runAgreement(
  a: Run,
  b: Run,
  { k = 10, persistence = 0.9 }: AgreementOptions = {},
): RunAgreement {
  const queries = new Set([...a.keys(), ...b.keys()]);
  if (queries.size === 0) throw new NearfoldError("bad-argument", "there is no query to compare");
  let [overlap, biased] = [0, 0];
  for (const query of queries) {
    const [one, other] = [a.get(query) ?? [], b.get(query) ?? []];
    overlap += topKOverlap(one, other, k);
    biased += rankBiasedOverlap(one, other, persistence);
  }
  return { overlap: overlap / queries.size, rankBiasedOverlap: biased / queries.size };
}

/**
 * The share of the first `k` documents that are the same, in any order; of as many as there are where both hold fewer. 1 where both are
 * empty.
 * @throws bad-argument for `k` below 1
 */
export function topKOverlap(a: Ranking, b: Ranking, k: number): number {
  if (!(k >= 1)) {
    const [got, wanted] = [String(k), "1 or more"];
    throw new NearfoldError("bad-argument", "not a number of hits", { got, wanted });
  }
  const [one, other] = [a.slice(0, k), b.slice(0, k)];
  const most = Math.max(one.length, other.length);
  const ids = new Set(one.map(({ id }) => id));
  return most === 0 ? 1 : other.filter(({ id }) => ids.has(id)).length / most;
}

/**
 * Rank-biased overlap, extrapolated beyond what is seen: the mean agreement of prefixes, weighted by `p^depth` (Webber, Moffat, Zobel, "A
 * Similarity Measure for Indefinite Rankings", TOIS 2010, eq. 32). 1 for equal rankings, 0 for disjoint ones; 1 where both are empty.
 * @throws bad-argument for `p` outside `(0, 1)`
 */
export function rankBiasedOverlap(a: Ranking, b: Ranking, p: number): number {
  if (!(p > 0 && p < 1)) {
    const [got, wanted] = [String(p), "above 0, below 1"];
    throw new NearfoldError("bad-argument", "not a persistence", { got, wanted });
  }
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const [s, l] = [short.length, long.length];
  if (s === 0) return l === 0 ? 1 : 0;
  const common = commonPrefixes(short, long);
  let sum = 0;
  for (let d = 1; d <= l; d++) {
    // Past the end of the shorter, what it would hold is taken to agree as it did so far.
    const beyond = d > s ? (common[s] * (d - s)) / (s * d) : 0;
    sum += (common[d] / d + beyond) * p ** d;
  }
  const seen = (common[l] - common[s]) / l + common[s] / s;
  return Math.min(1, ((1 - p) / p) * sum + seen * p ** l);
}

/** How many documents the first `d` of both have in common, for each `d` to the end of the longer. */
function commonPrefixes(short: Ranking, long: Ranking): readonly number[] {
  const seen = new Set<string>();
  const counts = [0];
  for (let i = 0; i < long.length; i++) {
    let more = 0;
    for (const id of [long[i].id, ...(i < short.length ? [short[i].id] : [])]) {
      if (seen.has(id)) more++;
      else seen.add(id);
    }
    counts.push(counts[i] + more);
  }
  return counts;
}

export interface VectorAgreement {
  /** Mean cosine. */
  readonly mean: number;
  /** Of the text on which they agree least. */
  readonly min: number;
}

/**
 * How alike the vectors are that two models give to the same texts: `[N, D]` of one and of the other, in one part or several. A text without a
 * vector in both (zero) is left out; NaN where none is left. It says something of models of one space: a distilled or a quantized one beside
 * its origin.
 * @throws mismatch for two shapes
 */
export function vectorAgreement(
  ...parts: readonly (readonly [Tensor<"float32">, Tensor<"float32">])[]
): VectorAgreement {
  const known = parts.flatMap(([a, b]) => {
    const zero = (row: number) => isZeroRow(a, row) && isZeroRow(b, row);
    return [...cosines(a, b).filter((_, row) => !zero(row))];
  });
  if (known.length === 0) return { mean: Number.NaN, min: Number.NaN };
  const mean = known.reduce((sum, cosine) => sum + cosine, 0) / known.length;
  return { mean, min: known.reduce((least, cosine) => Math.min(least, cosine)) };
}

function isZeroRow({ shape: [, width], data }: Tensor<"float32">, row: number): boolean {
  return data.subarray(row * width, (row + 1) * width).every((value) => value === 0);
}

/** The cosines of the rows of `[N, D]` and `[N, D]`; 0 with a zero vector. @throws mismatch for two shapes */
export function cosines(a: Tensor<"float32">, b: Tensor<"float32">): Float64Array {
  const [rows, width] = a.shape;
  if (rows !== b.shape[0] || width !== b.shape[1]) {
    const [got, wanted] = [`[${a.shape}] and [${b.shape}]`, "[N, D] twice"];
    throw new NearfoldError("mismatch", "not as many vectors of one width", { got, wanted });
  }
  return Float64Array.from({ length: rows }, (_, row) => {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = row * width; i < (row + 1) * width; i++) {
      ab += a.data[i] * b.data[i];
      aa += a.data[i] * a.data[i];
      bb += b.data[i] * b.data[i];
    }
    return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
  });
}
