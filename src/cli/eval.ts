import { Option } from "commander";
import { type RetrievalSet, readBeir, readPairs, readSts, skips } from "../data/index.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { pearson, scoreRun, spearman, writeTrecRun } from "../evaluate/index.ts";
import {
  type AgainstOptions,
  againstOptions,
  checkAgainst,
  retrievalAgainst,
  stsAgainst,
} from "./against.ts";
import { type CommandSpec, type Context, type Outcome, wholeNumber } from "./command.ts";
import { readScored } from "./dev-set.ts";
import { chooseDims } from "./encoding.ts";
import { type ModelOptions, modelArgument, modelFolder, modelOptions } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { type ReadingOptions, readAll, reportSkipped, skipBadOption } from "./reading.ts";
import { compare, intervalsOf, pairsAsRetrieval, runBm25, runModel } from "./retrieval.ts";
import { similarities } from "./similarity.ts";
import { figure, formatP, table } from "./table.ts";

interface Options extends AgainstOptions, ReadingOptions, ModelOptions {
  readonly beir?: string;
  readonly split: string;
  readonly pairs?: string;
  readonly sts?: string;
  readonly bm25?: boolean;
  readonly run?: string;
  readonly dims?: number;
}

/** Measures a model on data it was not trained on, beside keyword search or a baseline. */
export const evaluate: CommandSpec<Options> = {
  name: "eval",
  summary:
    "Measure a model: retrieval or similarity, with 95 % intervals, beside BM25 or a baseline",
  arguments: [["<model>", modelArgument]],
  options: [
    new Option("--beir <folder>", "a folder with corpus.jsonl, queries.jsonl and qrels/").conflicts(
      ["pairs", "sts"],
    ),
    new Option("--split <name>", "which of the folder's qrels").default("test"),
    new Option("--pairs <file>", "pairs: each anchor must find its positive").conflicts("sts"),
    new Option("--sts <file>", "sentence pairs with scores, as JSONL").conflicts(["bm25", "run"]),
    new Option("--bm25", "measure keyword search too, and how sure the difference is"),
    new Option("--run <file>", "write what was found as a TREC run"),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    ...againstOptions,
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold eval model/ --beir scifact/ --bm25",
    "nearfold eval model/ --pairs held-out.jsonl --dims 64",
    "nearfold eval model/ --sts sts-test.jsonl",
    "nearfold eval sentence-transformers/all-MiniLM-L6-v2 --beir scifact/",
    "nearfold eval small/ --beir scifact/ --against model/ --fail-below 0.99 --differences lost.jsonl",
  ],
  run: async ([model], options, context) => {
    const { beir, pairs, sts } = options;
    if (beir === undefined && pairs === undefined && sts === undefined) {
      throw new NearfoldError("bad-argument", "there is nothing to measure on", {
        wanted: "--beir FOLDER, --pairs FILE or --sts FILE",
      });
    }
    await checkAgainst(options);
    if (options.run !== undefined) await requireWritable(options.run);
    if (options.against !== undefined) {
      return sts === undefined
        ? await retrievalAgainst(model, await readSet(options, context), options, context)
        : await stsAgainst(model, await readScored(sts, options, context), options, context);
    }
    await using encoder = await openEncoder(await modelFolder(model, options, context));
    const dims = chooseDims(encoder, options.dims);
    return sts === undefined
      ? await evaluateRetrieval(encoder, await readSet(options, context), dims, options, context)
      : await evaluateSts(encoder, sts, dims, options, context);
  },
};

async function readSet(options: Options, { report }: Context): Promise<RetrievalSet> {
  const { beir, pairs, split, skipBad } = options;
  if (beir === undefined) {
    const { rows } = await readAll(pairs!, readPairs, options, report);
    return pairsAsRetrieval(rows);
  }
  const skipped = skips();
  const set = await readBeir(beir, { split, ...(skipBad && { onBad: skipped.onBad }) });
  reportSkipped(beir, skipped, report);
  return set;
}

async function evaluateRetrieval(
  encoder: Encoder,
  set: RetrievalSet,
  dims: number,
  { bm25, run: path }: Options,
  context: Context,
): Promise<Outcome> {
  const run = await runModel(encoder, set, dims, context);
  if (path !== undefined) await writeTrecRun(path, run, { tag: "nearfold" });
  const scores = scoreRun(run, set.qrels);
  const baseline = bm25 ? scoreRun(runBm25(set), set.qrels) : undefined;
  const metrics = intervalsOf(scores);
  const other = baseline && intervalsOf(baseline);
  const difference = baseline && compare(scores.perQuery["ndcg@10"], baseline.perQuery["ndcg@10"]);
  const sizes = { queries: scores.queries.length, documents: set.documents.size, dims };
  const names = Object.keys(metrics) as (keyof typeof metrics)[];
  const rows = names.map((name) => [
    name,
    figure(metrics[name]),
    ...(other ? [figure(other[name])] : []),
  ]);
  const said = difference && [
    `nDCG@10 differs by ${difference.difference.toFixed(4)}, p ${formatP(difference.p)} (paired randomization test)`,
  ];
  return {
    json: { ...sizes, metrics, ...(other && { bm25: other, difference }) },
    text: [
      `${sizes.queries} queries, ${sizes.documents} documents, ${dims} dimensions; 95 % intervals`,
      table(["measure", encoder.name, ...(other ? ["BM25"] : [])], rows),
      ...(said ?? []),
    ].join("\n"),
  };
}

async function evaluateSts(
  encoder: Encoder,
  path: string,
  dims: number,
  options: Options,
  context: Context,
): Promise<Outcome> {
  const { rows } = await readAll(path, readSts, options, context.report);
  const scores = await similarities(encoder, rows, dims, context);
  const wanted = rows.map(({ score }) => score);
  const metrics = {
    spearman: fisherInterval(spearman(scores, wanted), rows.length, "spearman"),
    pearson: fisherInterval(pearson(scores, wanted), rows.length, "pearson"),
  };
  return {
    json: { pairs: rows.length, dims, metrics },
    text: [
      `${rows.length} pairs, ${dims} dimensions; cosine, 95 % intervals`,
      table(
        ["measure", encoder.name],
        Object.entries(metrics).map(([name, interval]) => [name, figure(interval)]),
      ),
    ].join("\n"),
  };
}

/**
 * The 95 % interval of a correlation by Fisher's z; for Spearman's with the standard error of Bonett and Wright
 * (Psychometrika 2000, eq. 3).
 */
export function fisherInterval(r: number, size: number, kind: "pearson" | "spearman") {
  const spread = kind === "spearman" ? 1 + r ** 2 / 2 : 1;
  const reach = 1.96 * Math.sqrt(spread / Math.max(1, size - 3));
  const z = Math.atanh(Math.max(-1 + 1e-12, Math.min(1 - 1e-12, r)));
  return { mean: r, low: Math.tanh(z - reach), high: Math.tanh(z + reach) };
}
