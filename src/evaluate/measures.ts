/** Measures of a ranking against judgements. Source: trec_eval (https://github.com/usnistgov/trec_eval). */
import { NearfoldError } from "../errors.ts";

/** Document id → grade; above 0 is relevant, absent is 0. */
export type Judgements = ReadonlyMap<string, number>;

/** A value in `[0, 1]` of document ids, best first, of which the first `k` count. */
type Rule = (ids: readonly string[], judgements: Judgements, k: number) => number;

/** All of them are 0 where nothing is relevant. */
export const measures = {
  /** Σ grade / log2(rank + 1) over the best possible such sum (Järvelin and Kekäläinen 2002, linear gain). */
  ndcg: (ids, judgements, k) => {
    const ideal = [...judgements.values()].sort((a, b) => b - a);
    const best = discounted(ideal, k);
    return best === 0 ? 0 : discounted(ids.slice(0, k).map(gradeBy(judgements)), k) / best;
  },
  /** 1 / rank of the first relevant document. */
  mrr: (ids, judgements, k) => {
    const first = ids.slice(0, k).findIndex(relevantBy(judgements));
    return first < 0 ? 0 : 1 / (first + 1);
  },
  /** Mean over the relevant documents of the precision at their ranks (`map_cut` of trec_eval, BEIR, MTEB). */
  map: (ids, judgements, k) => ratio(precisions(ids, judgements, k), relevant(judgements)),
  /** The same, over no more documents than `k` can hold (sentence-transformers' `map@k`). */
  cappedMap: (ids, judgements, k) =>
    ratio(precisions(ids, judgements, k), Math.min(k, relevant(judgements))),
  /** Share of the relevant documents that are found. */
  recall: (ids, judgements, k) => ratio(found(ids, judgements, k), relevant(judgements)),
  /** Share of the first `k` places that hold a relevant document; an empty place holds none. */
  precision: (ids, judgements, k) =>
    ratio(found(ids, judgements, k), k === Number.POSITIVE_INFINITY ? ids.length : k),
  /** 1 where any relevant document is found (`success` of trec_eval). */
  accuracy: (ids, judgements, k) => Math.min(1, found(ids, judgements, k)),
} as const satisfies Record<string, Rule>;

/** "ndcg@10"; without a number the whole ranking counts. */
export type Measure = MeasureName | `${MeasureName}@${number}`;
export type MeasureName = keyof typeof measures;

/** Scores a ranking by the name of a measure. @throws bad-argument for a name that is none. */
export function measure(name: Measure): (ids: readonly string[], judgements: Judgements) => number {
  const [, rule, k] = /^(\w+?)(?:@([1-9]\d{0,8}))?$/.exec(name) ?? [];
  if (rule === undefined || !Object.hasOwn(measures, rule)) {
    throw new NearfoldError("bad-argument", "not a measure", {
      got: name,
      wanted: `${Object.keys(measures).join(", ")}, each with @k or without`,
    });
  }
  const depth = k === undefined ? Number.POSITIVE_INFINITY : Number(k);
  return (ids, judgements) => measures[rule as MeasureName](ids, judgements, depth);
}

const gradeBy = (judgements: Judgements) => (id: string) => judgements.get(id) ?? 0;
const relevantBy = (judgements: Judgements) => (id: string) => (judgements.get(id) ?? 0) > 0;

function discounted(grades: readonly number[], k: number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(k, grades.length); i++) {
    if (grades[i] > 0) sum += grades[i] / Math.log2(i + 2);
  }
  return sum;
}

function relevant(judgements: Judgements): number {
  return judgements.values().reduce((count, grade) => count + (grade > 0 ? 1 : 0), 0);
}

function found(ids: readonly string[], judgements: Judgements, k: number): number {
  return ids.slice(0, k).filter(relevantBy(judgements)).length;
}

/** The sum of the precisions at the ranks of the relevant documents. */
function precisions(ids: readonly string[], judgements: Judgements, k: number): number {
  let hits = 0;
  let sum = 0;
  ids.slice(0, k).forEach((id, i) => {
    if (relevantBy(judgements)(id)) sum += ++hits / (i + 1);
  });
  return sum;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
