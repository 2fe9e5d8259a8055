/** The best that a candidate could be, by arithmetic alone: nothing that might meet a requirement is ruled out. */
import type { Backbone, Candidate } from "./candidate.ts";
import { describeMiss, type Figures, missesOf, type Requirements } from "./requirements.ts";

/** What is known before anything is built. */
export interface Workload {
  /** Weights of linear layers that a token meets in the given model: as many multiplications. */
  readonly linearWeights: number;
  /** Tokens of a query that 95 of 100 do not exceed. */
  readonly queryTokens: number;
  /** Tokens of a document, in the mean, cut to the model's limit. */
  readonly documentTokens: number;
  /** Multiplications and additions a second of this machine's fastest product, by format of weights; Infinity where unknown. */
  readonly speed: (weights: string) => number;
}

/** A product of another size, on a quieter machine, may be this much faster than the one that was timed. */
const FASTER = 1.5;

/**
 * Lower bounds of time and memory, from linear layers alone: attention, tables and whatever surrounds them come on top. Tables count for
 * nothing: rows of a table may stay on disk.
 */
export function boundsOf(
  { backbone, bytes }: Pick<Candidate, "backbone" | "bytes">,
  { linearWeights, queryTokens, documentTokens, speed }: Workload,
): Partial<Figures> {
  const { body, weights } = backbone;
  const own = linearWeights * body.share;
  const tokensPerSecond = (FASTER * speed(weights.name)) / (2 * own);
  return {
    bytesPerVector: bytes,
    memoryMb: (own * weights.bytes) / 1e6,
    queryP95Ms: (1000 * queryTokens) / tokensPerSecond,
    documentsPerSecond: tokensPerSecond / documentTokens,
  };
}

export interface Pruned {
  readonly candidate: Candidate;
  readonly bounds: Partial<Figures>;
  readonly why: string;
}

export interface Remaining {
  readonly kept: readonly Candidate[];
  readonly pruned: readonly Pruned[];
}

/** Rules out what cannot meet a requirement even so. */
export function prune(
  candidates: readonly Candidate[],
  requirements: Requirements,
  workload: Workload,
): Remaining {
  const kept: Candidate[] = [];
  const pruned: Pruned[] = [];
  for (const candidate of candidates) {
    const bounds = boundsOf(candidate, workload);
    const why = missesOf(bounds, requirements).map(
      (miss) => `${miss.limit === "bytesPerVector" ? "" : "at best "}${describeMiss(miss)}`,
    );
    if (why.length === 0) kept.push(candidate);
    else pruned.push({ candidate, bounds, why: why.join("; ") });
  }
  return { kept, pruned };
}

/** The models that candidates need, each once. */
export function backbonesOf(candidates: readonly Candidate[]): readonly Backbone[] {
  const byName = new Map(candidates.map(({ backbone }) => [backbone.name, backbone]));
  return [...byName.values()];
}
