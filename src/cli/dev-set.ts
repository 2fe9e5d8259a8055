/** Data to judge a model by while something is decided about it. */
import { readPairs, readSts } from "../data/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { scoreRun, spearman } from "../evaluate/index.ts";
import type { Model } from "../models/model.ts";
import type { Context } from "./command.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import { pairsAsRetrieval, runModel } from "./retrieval.ts";
import { similarities } from "./similarity.ts";

export interface DevSet {
  readonly measure: "ndcg@10" | "spearman";
  readonly score: (model: Model) => Promise<number>;
}

/** Pairs: each anchor must find its positive among all of them. @throws not-found, bad-input naming file and line */
export async function readDevPairs(
  path: string,
  options: ReadingOptions,
  { report, now, signal }: Context,
): Promise<DevSet> {
  const { rows } = await readAll(path, readPairs, options, report);
  const set = pairsAsRetrieval(rows);
  const score = async (model: Model) => {
    await using encoder = await openEncoder(model);
    const run = await runModel(encoder, set, encoder.space.dims, { report: () => {}, now, signal });
    return scoreRun(run, set.qrels, { measures: ["ndcg@10"] }).mean["ndcg@10"];
  };
  return { measure: "ndcg@10", score };
}

/** Sentence pairs with scores. @throws not-found, bad-input naming file and line */
export async function readDevSts(
  path: string,
  options: ReadingOptions,
  { report, now, signal }: Context,
): Promise<DevSet> {
  const { rows } = await readAll(path, readSts, options, report);
  const wanted = rows.map(({ score }) => score);
  if (new Set(wanted).size < 2) {
    throw new NearfoldError("bad-input", "there is nothing to order the pairs by", {
      at: path,
      got: `${rows.length} pairs with one score`,
      wanted: "pairs with different scores",
    });
  }
  const score = async (model: Model) => {
    await using encoder = await openEncoder(model);
    const { dims } = encoder.space;
    const context = { report: () => {}, now, signal };
    const found = spearman(await similarities(encoder, rows, dims, context), wanted);
    // A model that finds all pairs equally alike orders none.
    return Number.isNaN(found) ? 0 : found;
  };
  return { measure: "spearman", score };
}
