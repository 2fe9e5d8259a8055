import { stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { Option } from "commander";
import { readDocuments, readPairs, skips } from "../data/index.ts";
import { writeDurably } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import {
  type MinedPair,
  type MiningProgress,
  type MiningReport,
  mine as mineNegatives,
  mineToEnd,
  type SelectionOptions,
  samplings,
} from "../mining/index.ts";
import { withDefaults } from "../mining/options.ts";
import { anyNumber, type CommandSpec, type Context, flagOf, wholeNumber } from "./command.ts";
import { miningOutcome, nothingMined } from "./mining-result.ts";
import { type ModelOptions, modelArgument, modelFolder, modelOptions } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { trackTask } from "./progress.ts";
import {
  type ReadingOptions,
  readAll,
  reportSkipped,
  requireFile,
  skipBadOption,
} from "./reading.ts";
import { openIndex } from "./store-reference.ts";

interface Options extends SelectionOptions, ReadingOptions, ModelOptions {
  readonly out: string;
  readonly corpus?: string;
  readonly index?: string;
  readonly scores?: boolean;
}

/** Pairs in, the same pairs with hard negatives out. */
export const mine: CommandSpec<Options> = {
  name: "mine",
  summary: "Find hard negatives for pairs: texts that a model takes for matches and that are none",
  arguments: [
    ["<model>", modelArgument],
    ["<pairs>", "pairs, as `train` takes them; negatives in them are replaced"],
  ],
  options: [
    new Option("--out <file>", ".jsonl, for `train`").makeOptionMandatory(),
    new Option(
      "--corpus <path>",
      "texts to choose from: JSONL, .txt or a BEIR folder (default: the pairs' positives)",
    ).conflicts("index"),
    new Option("--index <index>", "choose from an index that the model filled"),
    new Option("--negatives <n>", "for each pair").argParser(wholeNumber(1)).default(3),
    new Option(
      "--min-negatives <n>",
      "leave pairs out that find fewer (default: as many as --negatives)",
    ).argParser(wholeNumber(0)),
    new Option(
      "--relative-margin <x>",
      "keep scores up to positive - |positive| * x; what is nearer may be a match",
    )
      .argParser(anyNumber)
      .default(0.05),
    new Option("--no-relative-margin", "do without it"),
    new Option("--absolute-margin <x>", "keep scores up to positive - x").argParser(anyNumber),
    new Option("--max-score <x>", "keep scores up to x").argParser(anyNumber),
    new Option("--min-score <x>", "keep scores from x on").argParser(anyNumber),
    new Option("--range-min <n>", "skip the n best of what is left")
      .argParser(wholeNumber(0))
      .default(0),
    new Option(
      "--range-max <n>",
      "look no further than this rank (default: range-min + 10 * negatives)",
    ).argParser(wholeNumber(1)),
    new Option("--sampling <name>", "the best of what is left, or any of it")
      .choices(samplings)
      .default("top"),
    new Option("--seed <n>", "of a random sample").argParser(wholeNumber(0)).default(42),
    new Option(
      "--scores",
      'write the model\'s scores too, for distillation: "scores": [positive, negative…]',
    ),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold mine model/ pairs.jsonl --out mined.jsonl",
    "nearfold mine model/ pairs.jsonl --corpus scifact/ --negatives 5 --scores --out mined.jsonl",
    "nearfold mine model/ pairs.jsonl --index index/ --sampling random --range-min 10 --range-max 60 --out mined.jsonl",
  ],
  run: async ([model, path], options, context) => {
    // Refuses what makes no sense before anything is read.
    withDefaults(options, flagOf);
    await checkOut(options, path);
    const { rows, skipped } = await readAll(path, readPairs, options, context.report);
    const corpus = options.corpus === undefined ? undefined : await openCorpus(options, context);
    await using closing = new AsyncDisposableStack();
    const store = options.index && closing.use(await openIndex(options.index));
    const encoder = closing.use(await openEncoder(await modelFolder(model, options, context)));
    const { out, corpus: _, index: __, scores = false, ...selection } = options;
    const mining = mineNegatives(encoder, rows, {
      ...selection,
      ...(corpus && { candidates: corpus }),
      ...(store && { candidates: { store } }),
      signal: context.signal,
      onProgress: progressOf(context, corpus?.count),
    });
    const report = await writeMined(out, mining, scores);
    const { negatives = 0, minNegatives = negatives } = options;
    return miningOutcome(report, { out, model, negatives, minNegatives, skipped });
  },
};

/** @throws bad-argument for a place that training would not read, or that is read here; io */
async function checkOut({ out, corpus }: Options, pairs: string): Promise<void> {
  if (extname(out).toLowerCase() !== ".jsonl") {
    throw new NearfoldError("bad-argument", "not a kind of file for pairs", {
      at: out,
      wanted: ".jsonl",
    });
  }
  if ([pairs, corpus].some((read) => read !== undefined && resolve(read) === resolve(out))) {
    const at = "--out";
    throw new NearfoldError("bad-argument", "this file is to be read", { at, got: out });
  }
  await requireWritable(out);
}

/** Reads the whole corpus before its first vector: a mistake in its last line should not cost an hour. */
async function openCorpus({ corpus = "", skipBad }: Options, { report }: Context) {
  const found = await stat(corpus).catch(() => undefined);
  const path = found?.isDirectory() ? join(corpus, "corpus.jsonl") : corpus;
  await requireFile(path);
  const skipped = skips();
  let count = 0;
  for await (const { text } of readDocuments(path, skipBad ? { onBad: skipped.onBad } : {})) {
    if (text.trim() !== "") count++;
  }
  reportSkipped(path, skipped, report);
  if (count === 0) throw new NearfoldError("bad-input", "every document is blank", { at: path });
  return { texts: textsOf(path, skipBad ?? false), count };
}

async function* textsOf(path: string, skipBad: boolean): AsyncGenerator<string> {
  for await (const { text } of readDocuments(path, skipBad ? { onBad: () => {} } : {})) yield text;
}

/** Rows that are written at once. */
const CHUNK = 512;

/** @throws bad-input when no pair found enough; then nothing is written */
async function writeMined(
  out: string,
  mining: AsyncGenerator<MinedPair, MiningReport, void>,
  withScores: boolean,
): Promise<MiningReport> {
  let report: MiningReport | undefined;
  await writeDurably(out, async (handle) => {
    let lines: string[] = [];
    const flush = async () => {
      await handle.appendFile(lines.join(""));
      lines = [];
    };
    report = await mineToEnd(mining, async (pair) => {
      lines.push(toLine(pair, withScores));
      if (lines.length === CHUNK) await flush();
    });
    await flush();
    if (report.mined === 0) throw nothingMined(report, out);
  });
  return report!;
}

function toLine({ anchor, positive, negatives, scores }: MinedPair, withScores: boolean): string {
  const rounded = scores.map((score) => Number(score.toFixed(6)));
  return `${JSON.stringify({ anchor, positive, negatives, ...(withScores && { scores: rounded }) })}\n`;
}

/** What each stage is called, and what it counts. */
const stages = {
  anchors: { task: "encoding anchors", unit: "anchors" },
  positives: { task: "encoding positives", unit: "positives" },
  candidates: { task: "encoding the corpus", unit: "documents" },
  negatives: { task: "choosing negatives", unit: "anchors" },
} as const satisfies Record<MiningProgress["stage"], { task: string; unit: string }>;

function progressOf({ report, now }: Context, corpus = 0): (progress: MiningProgress) => void {
  const open = new Map<string, (done: number) => void>();
  return ({ stage, done, total = corpus }) => {
    const advance = open.get(stage) ?? trackTask(report, { ...stages[stage], total }, now);
    open.set(stage, advance);
    advance(done);
  };
}
