/** Two models on one set of scored sentence pairs. */
import type { ScoredPair } from "../data/index.ts";
import {
  alignment,
  averageRanks,
  comparePaired,
  cosines,
  largestLosses,
  pearsonStatistic,
  sampleRows,
  spearman,
  spearmanStatistic,
  spearmanTerms,
  takeRows,
  uniformity,
  vectorAgreement,
} from "../evaluate/index.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Compared, Geometry, LostRow, Two } from "./compared.ts";
import { resampling, SEED } from "./retrieval.ts";
import type { PairVectors } from "./similarity.ts";

/** Sentences between which uniformity is measured, from either side of a pair. */
const UNIFORMITY_TEXTS = 500;
/** What share of the highest score makes a pair a match: above 4 of 5 in STS-B, as SimCSE takes it (arXiv:2104.08821, §2.3). */
const MATCH = 0.8;

/** Both correlations of both, where they differ and how far they agree. */
export function compareSts(
  pairs: readonly ScoredPair[],
  { ours, baseline }: Two<PairVectors>,
  { worst }: { readonly worst: number },
): Compared {
  const wanted = pairs.map(({ score }) => score);
  const found = {
    ours: cosines(ours.first, ours.second),
    baseline: cosines(baseline.first, baseline.second),
  };
  const both = (statistic: typeof spearmanStatistic) => ({
    ours: statistic(found.ours, wanted),
    baseline: statistic(found.baseline, wanted),
  });
  const options = resampling(pairs.length);
  const statistics = { spearman: both(spearmanStatistic), pearson: both(pearsonStatistic) };
  const terms = {
    ours: spearmanTerms(found.ours, wanted),
    baseline: spearmanTerms(found.baseline, wanted),
  };
  const rows = pairs.map((pair, i) => rowOf(pair, i, terms));
  const places = {
    found,
    ranks: { ours: placesOf(found.ours), baseline: placesOf(found.baseline) },
  };
  const goal = placesOf(wanted);
  return {
    sizes: { pairs: pairs.length },
    drawn: `${pairs.length} pairs`,
    samples: options.samples,
    headline: ["spearman", "Spearman's correlation"],
    comparisons: comparePaired(statistics, pairs.length, options),
    test: "same",
    agreement: agreementOf(found),
    vectors: vectorsOf(ours, baseline),
    geometry: { ours: geometryOf(pairs, ours), baseline: geometryOf(pairs, baseline) },
    rows,
    worst: largestLosses(terms.ours, terms.baseline, worst).map((row) =>
      lostPair(rows[row], row, { ...places, goal }),
    ),
  };
}

interface PairRow extends ScoredPair {
  /** From 1, as the file has them. */
  readonly pair: number;
  /** What the pair adds to Spearman's correlation, 1 at most; their mean is the correlation. */
  readonly model: number;
  readonly baseline: number;
  readonly delta: number;
}

function rowOf(
  { sentence1, sentence2, score }: ScoredPair,
  row: number,
  terms: Two<Float64Array>,
): PairRow {
  const [model, baseline] = [terms.ours[row], terms.baseline[row]];
  const texts = { pair: row + 1, sentence1, sentence2, score };
  return { ...texts, model, baseline, delta: model - baseline };
}

interface Places {
  /** Cosines. */
  readonly found: Two<Float64Array>;
  /** Places among all pairs, the most alike first. */
  readonly ranks: Two<Float64Array>;
  /** By the scores that people gave. */
  readonly goal: Float64Array;
}

function lostPair(row: PairRow, i: number, { found, ranks, goal }: Places): LostRow {
  const shown = (of: keyof Two<unknown>) =>
    `cosine ${found[of][i].toFixed(4)}, ${place(ranks[of][i])} of ${goal.length} where people have ${place(goal[i])}`;
  const cosine = { model: found.ours[i], baseline: found.baseline[i] };
  const places = { model: ranks.ours[i], baseline: ranks.baseline[i], score: goal[i] };
  return {
    json: { ...row, cosine, place: places },
    text: `${row.score}: ${row.sentence1} | ${row.sentence2}`,
    delta: row.delta,
    shown: { ours: shown("ours"), baseline: shown("baseline") },
  };
}

/** From 1 for the highest; equal ones share the mean of theirs. */
function placesOf(values: ArrayLike<number>): Float64Array {
  return averageRanks(Float64Array.from(values, (value) => -value));
}

function place(rank: number): string {
  return `place ${Math.round(rank)}`;
}

function agreementOf({ ours, baseline }: Two<Float64Array>): Compared["agreement"] {
  const rho = spearman(ours, baseline);
  const said = Number.isFinite(rho) ? rho.toFixed(4) : "–";
  return {
    json: { spearman: rho },
    text: `Agreement: Spearman's correlation of their cosines ${said}`,
  };
}

function vectorsOf(ours: PairVectors, baseline: PairVectors): Compared["vectors"] {
  if (ours.first.shape[1] !== baseline.first.shape[1]) return undefined;
  return vectorAgreement([ours.first, baseline.first], [ours.second, baseline.second]);
}

/** Matches are pairs with a score near the highest. */
function geometryOf(pairs: readonly ScoredPair[], { first, second }: PairVectors): Geometry {
  const highest = pairs.reduce(
    (most, { score }) => Math.max(most, score),
    Number.NEGATIVE_INFINITY,
  );
  const matches = pairs.flatMap(({ score }, row) => (score > MATCH * highest ? [row] : []));
  const drawn = sampleRows(pairs.length, UNIFORMITY_TEXTS, SEED);
  return {
    alignment: alignment(takeRows(first, matches), takeRows(second, matches)),
    uniformity: uniformity(stack(takeRows(first, drawn), takeRows(second, drawn))),
  };
}

/** The rows of both, one under the other. */
function stack(a: Tensor<"float32">, b: Tensor<"float32">): Tensor<"float32"> {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return floats(data, [a.shape[0] + b.shape[0], a.shape[1]]);
}
