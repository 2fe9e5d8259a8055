/** Data to judge a model by while something is decided about it. */
import { type Pair, readPairs, readSts, type ScoredPair } from "../data/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { scoreRun, spearman } from "../evaluate/index.ts";
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Context } from "./command.ts";
import type { EncodeContext } from "./encoding.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import { pairsAsRetrieval, runModel } from "./retrieval.ts";
import { similarities } from "./similarity.ts";

export interface DevSet {
  readonly measure: "ndcg@10" | "spearman";
  readonly score: (model: Model<Tensor>) => Promise<number>;
}

/** Without a signal, nothing stops it. */
type DevContext = Omit<EncodeContext, "report">;

/** Pairs: each anchor must find its positive among all of them. @throws not-found, bad-input naming file and line */
export async function readDevPairs(
  path: string,
  options: ReadingOptions,
  context: Context,
): Promise<DevSet> {
  const { rows } = await readAll(path, readPairs, options, context.report);
  return devPairs(rows, context);
}

/** The same of pairs that are here. */
export function devPairs(pairs: readonly Pair[], context: DevContext): DevSet {
  const set = pairsAsRetrieval(pairs);
  const score = async (model: Model<Tensor>) => {
    await using encoder = await openEncoder(model);
    const run = await runModel(encoder, set, encoder.space.dims, quiet(context));
    return scoreRun(run, set.qrels, { measures: ["ndcg@10"] }).mean["ndcg@10"];
  };
  return { measure: "ndcg@10", score };
}

/** Sentence pairs with scores. @throws not-found, bad-input naming file and line */
export async function readDevSts(
  path: string,
  options: ReadingOptions,
  context: Context,
): Promise<DevSet> {
  return devSts(await readScored(path, options, context), context);
}

/** Sentence pairs with different scores. @throws not-found, bad-input naming file and line */
export async function readScored(
  path: string,
  options: ReadingOptions,
  { report }: Pick<Context, "report">,
): Promise<readonly ScoredPair[]> {
  const { rows } = await readAll(path, readSts, options, report);
  if (new Set(rows.map(({ score }) => score)).size > 1) return rows;
  throw new NearfoldError("bad-input", "there is nothing to order the pairs by", {
    at: path,
    got: `${rows.length} pairs with one score`,
    wanted: "pairs with different scores",
  });
}

/** The same of sentence pairs that are here. */
export function devSts(rows: readonly ScoredPair[], context: DevContext): DevSet {
  const wanted = rows.map(({ score }) => score);
  const score = async (model: Model<Tensor>) => {
    await using encoder = await openEncoder(model);
    const { dims } = encoder.space;
    const found = spearman(await similarities(encoder, rows, dims, quiet(context)), wanted);
    // A model that finds all pairs equally alike orders none.
    return Number.isNaN(found) ? 0 : found;
  };
  return { measure: "spearman", score };
}

function quiet({ now, signal }: DevContext): EncodeContext {
  return { report: () => {}, now, ...(signal && { signal }) };
}
