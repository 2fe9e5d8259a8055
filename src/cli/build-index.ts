import { join } from "node:path";
import { Option } from "commander";
import { openInput } from "../bulk/index.ts";
import { type Document, readDocuments, skips } from "../data/index.ts";
import { exists, requireFreeFolder, writeFolderDurably } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { MANIFEST } from "../stores/embedded/index.ts";
import { openStore, requireSameScheme, schemeOf, type VectorStore } from "../stores/index.ts";
import { fitScheme } from "../vectors/index.ts";
import { bulkSessions } from "./bulk-sessions.ts";
import { type CommandSpec, type Context, type Outcome, wholeNumber } from "./command.ts";
import { chooseDims, prefixSpace } from "./encoding.ts";
import { type Counted, fill } from "./fill-index.ts";
import {
  type ModelOptions,
  modelArgument,
  modelFolder,
  modelOptions,
  noteModel,
} from "./model-reference.ts";
import { type ReadingOptions, reportSkipped, requireFile, skipBadOption } from "./reading.ts";
import {
  calibrateOn,
  chooseScheme,
  Sample,
  type VectorOptions,
  vectorOptions,
  widestOf,
} from "./vector-format.ts";

interface Options extends ReadingOptions, ModelOptions, VectorOptions {
  readonly out: string;
  readonly dims?: number;
  readonly replace?: boolean;
}

/**
 * Brings an index up to date with a file: what is new or changed is encoded, what is there with the same text is left
 * alone. So a run that was stopped goes on where it was when it is typed again.
 */
export const buildIndex: CommandSpec<Options> = {
  name: "index",
  summary: "Index documents for search; typed again, it goes on and takes in what changed",
  arguments: [
    ["<model>", modelArgument],
    ["<documents>", 'JSONL of {"id"?, "title"?, "text"}, or a .txt with a document a line'],
  ],
  options: [
    new Option("--out <folder>", "folder of the index").makeOptionMandatory(),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    new Option("--replace", "build it anew, and put it in the old one's place when it is whole"),
    ...vectorOptions,
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold index model/ docs.jsonl --out index/",
    "nearfold index model/ docs.jsonl --out index/ --dims 128 --replace",
    "nearfold index model/ docs.jsonl --out index/ --vectors binary+int8",
    "nearfold index sentence-transformers/all-MiniLM-L6-v2 docs.jsonl --out index/",
  ],
  run: async ([model, path], options, context) => {
    const { out, skipBad = false } = options;
    const replacing = options.replace ? { replace: MANIFEST } : undefined;
    if (replacing) await requireFreeFolder(out, replacing);
    const scheme = chooseScheme(options);
    const counted = await checkDocuments(path, options, context);
    const folder = await modelFolder(model, options, context);
    const { bytes } = await openInput(path);
    await using encoder = await openEncoder(folder, await bulkSessions(folder, bytes));
    const dims = chooseDims(encoder, options.dims ?? (scheme && widestOf(scheme)));
    const space = prefixSpace(encoder, dims);
    const build = async (place: string) => {
      const notes = await noteModel(folder, out);
      const isNew = !(await exists(join(place, MANIFEST)));
      const how = { encoder, model: space, multiplier: options.rescore };
      const calibration =
        scheme && isNew ? await calibrateOn(counted.sample, scheme, how, context) : undefined;
      const kept = calibration && { kept: calibration.kept };
      await using store = await openStore(place, { model: space, notes, ...kept });
      if (scheme && !isNew) requireAsked(store, space, options);
      return await fill(
        store,
        encoder,
        { path, dims, counted, out, skipBad, calibration },
        context,
      );
    };
    if (!replacing) return await build(out);
    let outcome: Outcome | undefined;
    const rebuild = async (temporary: string) => {
      outcome = await build(temporary);
    };
    await writeFolderDurably(out, rebuild, replacing);
    return outcome!;
  },
};

/** An index that is there goes on as it was begun. @throws mismatch for another format */
function requireAsked(store: VectorStore, { space }: Named<Space>, options: VectorOptions): void {
  const scheme = fitScheme(chooseScheme(options)!, space.dims);
  requireSameScheme(store.name, schemeOf(store.kept), scheme);
  const { multiplier } = store.kept;
  if (options.rescore === undefined || options.rescore === multiplier) return;
  throw new NearfoldError("mismatch", "the index rescores another number of candidates", {
    at: store.name,
    got: String(options.rescore),
    wanted: String(multiplier),
    hint: "Leave --rescore out to go on as it is, or build the index anew with --replace",
  });
}

/** Reads the whole file before the first vector: a mistake in its last line should not cost an hour. */
async function checkDocuments(
  path: string,
  { skipBad, vectors }: Options,
  { report }: Context,
): Promise<Counted> {
  await requireFile(path);
  const skipped = skips();
  const seen = new Set<string>();
  const sample = new Sample<Document>();
  for await (const row of readDocuments(path, skipBad ? { onBad: skipped.onBad } : {})) {
    const { id } = row;
    if (seen.has(id)) {
      const got = JSON.stringify(id.slice(0, 60));
      throw new NearfoldError("bad-input", "an id is used twice", { at: path, got });
    }
    seen.add(id);
    if (vectors !== undefined) sample.offer(row);
  }
  reportSkipped(path, skipped, report);
  return { documents: seen.size, skipped: skipped.count, sample: sample.rows };
}
