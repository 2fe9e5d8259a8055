/** What came of a training: figures, the model's card, and what is said of both. */
import { openEncoder } from "../encoder/index.ts";
import { scoreRun } from "../evaluate/index.ts";
import type { Model } from "../models/model.ts";
import { runtimeVersion } from "../runtime/version.ts";
import type { TrainOptions } from "../train/index.ts";
import type { Context, Outcome } from "./command.ts";
import { compare, intervalsOf, pairsAsRetrieval, runBm25, runModel } from "./retrieval.ts";
import { figure, table } from "./table.ts";
import type { TrainingData } from "./training-data.ts";
import { packageVersion } from "./version.ts";

/** Of the loss and of the trainer. */
export interface Settings {
  readonly temperature: number;
  readonly trainer: TrainOptions;
}

type Measured = Awaited<ReturnType<typeof measure>>;

interface Result {
  readonly data: TrainingData;
  readonly dims: readonly number[];
  /** Absent where nothing was held out. */
  readonly measured: Measured | undefined;
}

/** How well the pairs held out are found, beside keyword search. Not to be stopped: the model is not saved yet. */
export async function measure(model: Model, { dev }: TrainingData, { report, now }: Context) {
  const set = pairsAsRetrieval(dev);
  await using encoder = await openEncoder(model);
  const run = await runModel(encoder, set, encoder.space.dims, { report, now });
  const ours = scoreRun(run, set.qrels);
  const theirs = scoreRun(runBm25(set), set.qrels);
  return {
    queries: ours.queries.length,
    documents: set.documents.size,
    metrics: intervalsOf(ours),
    bm25: intervalsOf(theirs),
    difference: compare(ours.perQuery["ndcg@10"], theirs.perQuery["ndcg@10"]),
  };
}

/** The model's card, with where it comes from and what was measured. */
export function cardOf(
  { card }: Model,
  {
    data,
    dims,
    settings: { temperature, trainer },
    base,
    measured,
  }: Result & { readonly settings: Settings; readonly base: string | undefined },
): Model["card"] {
  const { epochs, batchSize, learningRate, warmup, weightDecay, seed } = trainer;
  const training = { epochs, batchSize, learningRate, warmup, weightDecay };
  const infoNce = `InfoNCE, symmetric, temperature ${temperature}`;
  const means = Object.entries(measured?.metrics ?? {}).map(([key, { mean }]) => [key, mean]);
  return {
    ...card,
    dims,
    lineage: {
      ...(base !== undefined && { base }),
      data: data.records,
      losses: [dims.length > 1 ? `Matryoshka(${dims.join(", ")}) of ${infoNce}` : infoNce],
      ...(seed !== undefined && { seed }),
      training: training as Readonly<Record<string, number>>,
      versions: {
        nearfold: packageVersion(),
        "onnxruntime-node": runtimeVersion(),
        node: process.versions.node,
      },
      metrics: Object.fromEntries(means),
    },
  };
}

/** What the command says at the end. */
export function trainingOutcome(out: string, { data, dims, measured }: Result): Outcome {
  const { train: pairs, dev, skipped } = data;
  const shown = ["ndcg@10", "recall@10", "mrr@10"] as const;
  const figures = measured && [
    `On ${measured.queries} queries held out, which chose the best step too, over ${measured.documents} documents (95 % intervals):`,
    table(
      ["measure", "the model", "BM25"],
      shown.map((name) => [name, figure(measured.metrics[name]), figure(measured.bm25[name])]),
    ),
  ];
  return {
    json: { out, pairs: pairs.length, heldOut: dev.length, skipped, dims, ...measured },
    text: [
      ...(figures ?? []),
      `The model is in ${out}.`,
      `Next: nearfold index ${out} documents.jsonl --out index/`,
    ].join("\n"),
  };
}
