/**
 * Whether vectors can be kept in a format, said before any index is built: how a sample fills its dimensions, and what search finds in it.
 * Recall is what decides; the distribution says why. Measured, samples of 1,024 documents, recall@10 within them (nDCG@10 kept in the whole):
 *
 * | vectors | length of mean | dims count as | bits as | binary | binary+int8 |
 * |---|---|---|---|---|---|
 * | MiniLM, 384, Cranfield | 0.54 | 42 | 82 | 0.780 (0.933) | 0.993 (0.999) |
 * | … with a common vector of length 1 added | 0.80 | 42 | 81 | 0.742 (0.921) | 0.989 (0.998) |
 * | … of length 2 | 0.93 | 42 | 81 | 0.721 (0.888) | 0.982 (0.994) |
 * | potion-base-2M, 64, Cranfield | 0.75 | 30 | 44 | 0.522 (0.822) | 0.860 (0.999) |
 * | potion-base-2M, 64, SciFact | 0.69 | 28 | 44 | 0.479 (0.672) | 0.840 (0.973) |
 *
 * So a common mean alone does little to bits that are cut at the mean (the entropy of plain signs falls from 0.85 to 0.40 of 1); too few
 * independent bits do much.
 */
import type { Space } from "../space.ts";
import { type Distribution, measureDistribution } from "./distribution.ts";
import { LEAST_SAMPLE, sampleRecall } from "./recall.ts";
import { formatScheme, type VectorScheme } from "./scheme.ts";

export interface CollapseOptions {
  readonly similarity: Space["similarity"];
  /** Numbers of a vector. */
  readonly width: number;
  /** Candidates for each hit, where there is a second pass. @default 4 */
  readonly multiplier?: number;
}

export interface CollapseReport {
  readonly distribution: Distribution;
  /** Recall@10 within the sample, by scheme: the one asked for first, then what else to think of. Empty for a sample too small to say. */
  readonly recall: Readonly<Record<string, number>>;
  /** What is lost and why, a sentence each; empty where the format will do. */
  readonly warnings: readonly string[];
}

/** Less recall than this costs a search what a person sees. */
const LEAST_RECALL = 0.9;
/** A mean of unit vectors that is longer is a reason to name: they all point to one side. */
const LONG_MEAN = 0.9;
/** Fewer independent bits are one too: between potion's 44 and MiniLM's 82. */
const FEW_BITS = 64;

/**
 * Checks a scheme on a sample `[N, width]` in no particular order; a thousand vectors take about a second.
 * @throws bad-argument for fewer than two vectors
 */
export function checkCollapse(
  sample: Float32Array,
  scheme: VectorScheme,
  { width, ...options }: CollapseOptions,
): CollapseReport {
  const distribution = measureDistribution(sample, width);
  const schemes = distribution.rows < LEAST_SAMPLE ? [] : [scheme, ...others(scheme, width)];
  const recall = Object.fromEntries(
    schemes.map((each) => [
      formatScheme(each, width),
      sampleRecall(sample, each, { width, ...options }),
    ]),
  );
  return { distribution, recall, warnings: warn(scheme, { distribution, recall }, width) };
}

/** One line of figures for people. */
export function describeCollapse({ distribution, recall }: CollapseReport): string {
  const { rows, dims, meanLength, effectiveDims, effectiveBits } = distribution;
  const found = Object.entries(recall).map(([name, share]) => `${name} ${percent(share)}`);
  const kept = found.length > 0 ? [`recall@10 within it: ${found.join(", ")}`] : [];
  return [
    `a sample of ${rows}: ${dims} dimensions count as ${effectiveDims.toFixed(0)}, their bits as ${effectiveBits.toFixed(0)}, mean of length ${meanLength.toFixed(2)}`,
    ...kept,
  ].join("; ");
}

/** What a person who is warned could take instead. */
function others({ search, rescore }: VectorScheme, width: number): readonly VectorScheme[] {
  const int8 = { type: "int8", dims: width } as const;
  const rescored = { search, rescore: int8 };
  return search.type === "binary" ? [...(rescore ? [] : [rescored]), { search: int8 }] : [];
}

/** Pure: the sentences that figures call for. */
export function warn(
  scheme: VectorScheme,
  { distribution, recall }: Omit<CollapseReport, "warnings">,
  width: number,
): readonly string[] {
  const { meanLength, effectiveBits } = distribution;
  const name = formatScheme(scheme, width);
  const { [name]: found, ...rest } = recall;
  const isBinary = scheme.search.type === "binary";
  const better = Object.entries(rest).map(([other, share]) => `${other} ${percent(share)}`);
  const instead = better.length > 0 ? `; ${better.join(", ")}` : "";
  if (found === undefined || found >= LEAST_RECALL) return [];
  return [
    `${name} finds ${percent(found)} of the ten nearest in a sample${instead}`,
    ...(isBinary && effectiveBits < FEW_BITS
      ? [`its bits tell as much apart as ${effectiveBits.toFixed(0)} independent ones would`]
      : []),
    ...(isBinary && meanLength > LONG_MEAN
      ? [`the vectors point to one side: their mean has length ${meanLength.toFixed(2)} of 1`]
      : []),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
