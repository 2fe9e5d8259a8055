import { extname, resolve } from "node:path";
import { Option } from "commander";
import {
  type DedupeOptions,
  dedupe as findDuplicates,
  type KeepName,
  keepRules,
  type Normalization,
  normalizer,
} from "../apps/dedupe/index.ts";
import { NearfoldError } from "../errors.ts";
import { type CommandSpec, nameList, numberWithin, wholeNumber } from "./command.ts";
import { dedupeOutcome } from "./dedupe-result.ts";
import { type DedupeInput, dedupeRows } from "./dedupe-rows.ts";
import { type ThresholdOptions, type Thresholds, thresholdsOf } from "./dedupe-thresholds.ts";
import { progressOfDedupe, writeGroups, writeKept } from "./dedupe-writing.ts";
import { modelOptions } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
import { openTextInput, textsArgument } from "./text-input.ts";

interface Options extends DedupeInput, ThresholdOptions {
  readonly out: string;
  readonly groups?: string;
  readonly normalize?: readonly string[];
  readonly keep: KeepName;
  readonly stretch: number;
  readonly seed: number;
}

/** Rows in, the same rows without their duplicates out. */
export const dedupe: CommandSpec<Options> = {
  name: "dedupe",
  summary: "Find duplicates, exact, near and in meaning, and keep one of each",
  arguments: [["<texts>", textsArgument]],
  options: [
    new Option("--out <file>", ".jsonl, for the rows that are kept").makeOptionMandatory(),
    new Option("--groups <file>", ".jsonl, for what was dropped and why (default: beside --out)"),
    new Option("--text <field>", "the field or column of the text, where it is not text"),
    new Option("--id <field>", "the field or column of the id, where it is not id or _id"),
    new Option("--fields <names>", "further fields or columns to write").argParser(nameList),
    new Option(
      "--normalize <steps>",
      "what makes two texts equal: of nfkc, case, punctuation, space (default: nfkc,case,space)",
    ).argParser(nameList),
    new Option(
      "--threshold <x>",
      "Jaccard similarity of two near duplicates (default: 0.55)",
    ).argParser(numberWithin(0.3, 1)),
    new Option("--no-near", "leave near duplicates alone"),
    new Option("--shingles <unit>", "what texts are compared by")
      .choices(["characters", "words"])
      .default("characters"),
    new Option("--shingle-size <n>", "how many (default: 4 characters, 2 words)").argParser(
      wholeNumber(1, 64),
    ),
    new Option("--model <model>", "find duplicates in meaning too, by its vectors"),
    new Option("--cosine <x>", "of two duplicates in meaning; each model has its own").argParser(
      numberWithin(-0.99, 1),
    ),
    new Option(
      "--pairs <file>",
      'set both thresholds by these, .jsonl of {"sentence1", "sentence2", "score": 0 or 1}',
    ),
    new Option("--precision <x>", "that the thresholds keep on the pairs")
      .argParser(numberWithin(0.5, 0.9999))
      .default(0.99),
    new Option("--no-facts", "texts with other numbers or names may be duplicates"),
    new Option(
      "--stretch <x>",
      "how many times as far from what is kept a duplicate may be as the threshold says, as groups grow by small steps",
    )
      .argParser(numberWithin(1))
      .default(1.5),
    new Option("--keep <rule>", "which of a group")
      .choices(Object.keys(keepRules))
      .default("longest"),
    new Option("--by <field>", "what newest and highest go by: dates or numbers"),
    new Option("--seed <n>", "of the hash functions").argParser(wholeNumber(0, 2 ** 31)).default(1),
    new Option("--skip-bad", "rows that hold no text are left out and counted"),
    ...modelOptions,
  ],
  examples: [
    "nearfold dedupe titles.jsonl --out kept.jsonl",
    "nearfold dedupe reviews.csv --text body --keep newest --by date --out kept.jsonl",
    "nearfold dedupe titles.jsonl --model model/ --pairs judged.jsonl --precision 0.98 --out kept.jsonl",
  ],
  run: async ([path], options, context) => {
    const groups = await checkOptions(path, options);
    await using closing = new AsyncDisposableStack();
    const more = [...(options.fields ?? []), ...(options.by === undefined ? [] : [options.by])];
    const input = closing.use(await openTextInput(path, { ...options, more }, context));
    const thresholds = await thresholdsOf(options, input, context, closing);
    const found = closing.use(
      await findDuplicates(dedupeRows(input.rows, options), {
        ...settingsOf(options, thresholds),
        signal: context.signal,
        onProgress: progressOfDedupe(context, input.share),
      }),
    );
    await writeGroups(found, groups);
    await writeKept(found, options.out);
    return await dedupeOutcome(found, {
      out: options.out,
      groups,
      skipped: input.skipped(),
      thresholds,
    });
  },
};

function settingsOf(options: Options, { near, semantic }: Thresholds): DedupeOptions {
  const { normalize, shingles: unit, shingleSize: size, keep, stretch, facts, seed, out } = options;
  return {
    ...(normalize && { normalize: normalize as readonly Normalization[] }),
    near: options.near && {
      unit,
      ...(near !== undefined && { threshold: near.threshold }),
      ...(size !== undefined && { size }),
    },
    ...(semantic && { semantic }),
    ...{ keep, stretch, facts, seed, folder: resolve(out, "..") },
  };
}

/** Where groups go. @throws bad-argument, io, before anything is read */
async function checkOptions(path: string, options: Options): Promise<string> {
  const { out, keep, by, normalize = [] } = options;
  normalizer(normalize as readonly Normalization[]);
  const groups = options.groups ?? `${out.slice(0, -extname(out).length)}.groups.jsonl`;
  for (const file of [out, groups]) {
    if (extname(file).toLowerCase() !== ".jsonl") {
      const wanted = ".jsonl";
      throw new NearfoldError("bad-argument", "not a kind of file for rows", { at: file, wanted });
    }
    if (resolve(file) === resolve(path)) {
      const what = "this file is to be read";
      throw new NearfoldError("bad-argument", what, { at: "--out", got: file });
    }
    await requireWritable(file);
  }
  if (resolve(out) === resolve(groups)) {
    const at = "--groups";
    throw new NearfoldError("bad-argument", "the kept rows go there", { at, got: groups });
  }
  if (keepRules[keep].byField !== (by !== undefined)) {
    throw new NearfoldError("bad-argument", "a rule and its field belong together", {
      got: `--keep ${keep}${by === undefined ? " without --by" : ` with --by ${by}`}`,
      wanted: "--by FIELD with newest or highest, and with no other",
    });
  }
  return groups;
}
