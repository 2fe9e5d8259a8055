/** What the steps of a training are judged by, and at its end the model. */
import { hash } from "node:crypto";
import type { Pair, ScoredPair } from "../data/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { pearson, scoreRun, spearman } from "../evaluate/index.ts";
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DevScore } from "../train/index.ts";
import type { Context } from "./command.ts";
import { type DevSet, devPairs, devSts } from "./dev-set.ts";
import { fisherInterval } from "./eval.ts";
import { compare, intervalsOf, pairsAsRetrieval, runBm25, runModel } from "./retrieval.ts";
import { similarities } from "./similarity.ts";
import { figure, table } from "./table.ts";

export interface Judge {
  /** Hash of the measure and of the data it is taken on. */
  readonly key: string;
  readonly evaluate: (model: Model<Tensor>) => Promise<DevScore>;
  /** In full, with intervals. */
  readonly measure: (model: Model<Tensor>) => Promise<Measured>;
}

export interface Measured {
  /** For the model's card. */
  readonly means: Readonly<Record<string, number>>;
  readonly json: object;
  readonly text: readonly string[];
}

/** Not to be stopped: a run that is asked to stop saves its state first, and a trained model is not saved yet. */
type JudgeContext = Pick<Context, "report" | "now">;

/** How well anchors find their positives, beside keyword search. */
export function judgeByPairs(pairs: readonly Pair[], { report, now }: JudgeContext): Judge {
  const set = pairsAsRetrieval(pairs);
  return {
    ...evaluateBy(devPairs(pairs, { now }), pairs),
    measure: async (model) => {
      await using encoder = await openEncoder(model);
      const run = await runModel(encoder, set, encoder.space.dims, { report, now });
      const ours = scoreRun(run, set.qrels);
      const theirs = scoreRun(runBm25(set), set.qrels);
      const [metrics, bm25] = [intervalsOf(ours), intervalsOf(theirs)];
      const [queries, documents] = [ours.queries.length, set.documents.size];
      const difference = compare(ours.perQuery["ndcg@10"], theirs.perQuery["ndcg@10"]);
      const shown = ["ndcg@10", "recall@10", "mrr@10"] as const;
      const rows = shown.map((name) => [name, figure(metrics[name]), figure(bm25[name])]);
      return {
        means: meansOf(metrics),
        json: { queries, documents, metrics, bm25, difference },
        text: [
          `On ${queries} queries held out, which chose the best step too, over ${documents} documents (95 % intervals):`,
          table(["measure", "the model", "BM25"], rows),
        ],
      };
    },
  };
}

/** How well the cosines of sentence pairs follow their scores. */
export function judgeBySts(rows: readonly ScoredPair[], { report, now }: JudgeContext): Judge {
  const wanted = rows.map(({ score }) => score);
  return {
    ...evaluateBy(devSts(rows, { now }), rows),
    measure: async (model) => {
      await using encoder = await openEncoder(model);
      const found = await similarities(encoder, rows, encoder.space.dims, { report, now });
      const metrics = {
        spearman: fisherInterval(spearman(found, wanted), rows.length, "spearman"),
        pearson: fisherInterval(pearson(found, wanted), rows.length, "pearson"),
      };
      const shown = Object.entries(metrics).map(([name, interval]) => [name, figure(interval)]);
      return {
        means: meansOf(metrics),
        json: { sentencePairs: rows.length, metrics },
        text: [
          `On ${rows.length} sentence pairs, which chose the best step too (95 % intervals):`,
          table(["measure", "the model"], shown),
        ],
      };
    },
  };
}

function evaluateBy(
  { measure, score }: DevSet,
  data: readonly (Pair | ScoredPair)[],
): Pick<Judge, "key" | "evaluate"> {
  return {
    key: hash("sha256", JSON.stringify([measure, data])),
    evaluate: async (model) => {
      const found = await score(model);
      return { score: found, metrics: { [measure]: found } };
    },
  };
}

/** The correlation of a model that finds everything alike is no number, and no reason not to save it. */
function meansOf(metrics: Readonly<Record<string, { readonly mean: number }>>) {
  const means = Object.entries(metrics).map(([name, { mean }]) => [name, mean] as const);
  return Object.fromEntries(means.filter(([, mean]) => Number.isFinite(mean)));
}
