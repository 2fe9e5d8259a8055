/** A model beside the one whose place it would take. */
import { resolve } from "node:path";
import { Option } from "commander";
import type { RetrievalSet, ScoredPair } from "../data/index.ts";
import { writeDurably } from "../durable.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { writeTrecRun } from "../evaluate/index.ts";
import { locateModel } from "../models/index.ts";
import { againstOutcome } from "./against-result.ts";
import { compareRetrieval } from "./against-retrieval.ts";
import { compareSts } from "./against-sts.ts";
import { type Context, numberWithin, type Outcome, wholeNumber } from "./command.ts";
import type { Compared, Two } from "./compared.ts";
import { chooseDims, type EncodeContext } from "./encoding.ts";
import { type ModelOptions, modelFolder } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { encodeSet, searchSet } from "./retrieval.ts";
import { encodePairs } from "./similarity.ts";

export interface AgainstOptions {
  readonly against?: string;
  readonly againstDims?: number;
  readonly failBelow?: number;
  readonly differences?: string;
  readonly topK?: number;
}

export const againstOptions: readonly Option[] = [
  new Option(
    "--against <model>",
    "measure a baseline on the same data: how much of its quality is kept, and how sure that is",
  ).conflicts("bm25"),
  new Option(
    "--against-dims <n>",
    "only the baseline's first n dimensions (default: all)",
  ).argParser(wholeNumber(1)),
  new Option(
    "--fail-below <share>",
    "exit with 3 where less than this share of the baseline's nDCG@10 or Spearman's correlation is kept, by more than chance: 0.99",
  ).argParser(numberWithin(0, 1)),
  new Option("--differences <file>", "write the scores of both for each query or pair, as JSONL"),
  new Option("--top-k <n>", "depth to which what both find is compared (default: 10)").argParser(
    wholeNumber(1),
  ),
];

interface Options extends AgainstOptions, ModelOptions {
  readonly beir?: string;
  readonly pairs?: string;
  readonly sts?: string;
  readonly dims?: number;
  readonly run?: string;
}

/** One of the two, checked and not yet opened. */
interface Side {
  /** As it was typed. */
  readonly reference: string;
  readonly folder: string;
  readonly dims: number;
}

/** Rows that lost, as many as are shown. */
const WORST = 10;

/** @throws bad-argument for options that say nothing without a baseline, or a file that is to be read; io */
export async function checkAgainst(options: Options): Promise<void> {
  const { against, differences, beir, pairs, sts } = options;
  const dependent = { "--against-dims": options.againstDims, "--fail-below": options.failBelow };
  const others = { "--differences": differences, "--top-k": options.topK };
  const [lonely] = Object.entries({ ...dependent, ...others }).filter(
    ([, value]) => value !== undefined,
  );
  if (against === undefined && lonely) {
    const [at, wanted] = [lonely[0], "--against MODEL beside it"];
    throw new NearfoldError("bad-argument", "there is nothing to compare with", { at, wanted });
  }
  if (differences === undefined) return;
  if (
    [beir, pairs, sts].some((read) => read !== undefined && resolve(read) === resolve(differences))
  ) {
    const at = "--differences";
    throw new NearfoldError("bad-argument", "this file is to be read", { at, got: differences });
  }
  await requireWritable(differences);
}

/** Both models on pairs or a collection. */
export async function retrievalAgainst(
  model: string,
  set: RetrievalSet,
  options: Options,
  context: Context,
): Promise<Outcome> {
  const sides = await checkBoth(model, options, context);
  const found = await encodeBoth(sides, context, async (encoder, dims, telling) => ({
    vectors: await encodeSet(encoder, set, dims, telling),
    similarity: encoder.space.similarity,
  }));
  if (options.run !== undefined) {
    const { vectors, similarity } = found.ours;
    await writeTrecRun(options.run, searchSet(set, vectors, { similarity }), { tag: "nearfold" });
  }
  const compared = compareRetrieval(set, found, { topK: options.topK ?? 10, worst: WORST });
  return await finish(compared, sides, options, context);
}

/** Both models on scored pairs. */
export async function stsAgainst(
  model: string,
  rows: readonly ScoredPair[],
  options: Options,
  context: Context,
): Promise<Outcome> {
  const sides = await checkBoth(model, options, context);
  const found = await encodeBoth(sides, context, (encoder, dims, telling) =>
    encodePairs(encoder, rows, dims, telling),
  );
  return await finish(compareSts(rows, found, { worst: WORST }), sides, options, context);
}

/** Looks at both before either costs minutes. */
async function checkBoth(model: string, options: Options, context: Context): Promise<Two<Side>> {
  const check = async (
    reference: string,
    { wanted, at, models }: { wanted: number | undefined; at: string; models: ModelOptions },
  ) => {
    const folder = await modelFolder(reference, models, context);
    const { name, card } = await locateModel(folder);
    const dims = chooseDims({ name, dims: card.dims, space: card.space }, wanted, at);
    return { reference, folder, dims };
  };
  const { revision: _, ...others } = options;
  return {
    ours: await check(model, { wanted: options.dims, at: "--dims", models: options }),
    baseline: await check(options.against!, {
      wanted: options.againstDims,
      at: "--against-dims",
      models: others,
    }),
  };
}

/** One after the other, so that the weights of one at a time are in memory. */
async function encodeBoth<Found>(
  { ours, baseline }: Two<Side>,
  context: Context,
  encode: (encoder: Encoder, dims: number, context: EncodeContext) => Promise<Found>,
): Promise<Two<Found>> {
  const run = async ({ folder, dims, reference }: Side) => {
    await using encoder = await openEncoder(folder);
    return await encode(encoder, dims, tellingWhose(context, reference));
  };
  return { ours: await run(ours), baseline: await run(baseline) };
}

function tellingWhose({ report, ...context }: Context, reference: string): EncodeContext {
  return {
    ...context,
    report: (event) =>
      report(event.type === "note" ? event : { ...event, task: `${event.task} with ${reference}` }),
  };
}

async function finish(
  compared: Compared,
  sides: Two<Side>,
  { differences, failBelow }: Options,
  { columns }: Context,
): Promise<Outcome> {
  if (differences !== undefined) {
    const lines = compared.rows.map((row) => `${JSON.stringify(row)}\n`);
    await writeDurably(differences, lines.join(""));
  }
  return againstOutcome(compared, sides, { failBelow, columns });
}
