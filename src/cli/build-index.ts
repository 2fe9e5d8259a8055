import { Option } from "commander";
import { fillStore, prune } from "../apps/indexing/index.ts";
import { requireFreeFolder, writeFolderDurably } from "../durable.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { MANIFEST } from "../stores/embedded/index.ts";
import { openStore, requireSameScheme, schemeOf, type VectorStore } from "../stores/index.ts";
import { withoutSecrets } from "../stores/server-reference.ts";
import { fitScheme } from "../vectors/index.ts";
import { bulkSessions } from "./bulk-sessions.ts";
import { type CommandSpec, type Context, type Outcome, wholeNumber } from "./command.ts";
import { chooseDims, prefixSpace } from "./encoding.ts";
import { indexOutcome } from "./index-result.ts";
import { type IndexSource, readSource, type SourceReading } from "./index-source.ts";
import {
  type ModelOptions,
  modelFolder,
  modelOptions,
  notedModel,
  noteModel,
} from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { skipBadOption } from "./reading.ts";
import { findIndex, isFolder, storeArgument } from "./store-reference.ts";
import {
  type Calibration,
  calibrateOn,
  chooseScheme,
  type VectorOptions,
  vectorOptions,
  widestOf,
} from "./vector-format.ts";

interface Options extends SourceReading, ModelOptions, VectorOptions {
  readonly store: string;
  readonly model?: string;
  readonly dims?: number;
  readonly prune?: boolean;
  readonly replace?: boolean;
}

/**
 * Brings an index up to date with documents: what is new or changed is encoded, what is there with the same text and fields is left
 * alone. So a run that was stopped goes on where it was when it is typed again.
 */
export const buildIndex: CommandSpec<Options> = {
  name: "index",
  summary: "Index documents for search; typed again, it goes on and takes in what changed",
  arguments: [
    [
      "<documents>",
      '.jsonl of {"id"?, "title"?, "text", …}, .csv, .tsv or .parquet with such columns, .txt with a document a line; or a folder or file of Markdown, HTML, text or PDF, which is cut into passages',
    ],
  ],
  options: [
    new Option("--store <index>", storeArgument).makeOptionMandatory(),
    new Option("--model <model>", "the model (default: the one that the index says)"),
    new Option("--text <field>", "the field or column of the text, where it is not text"),
    new Option("--id <field>", "the field or column of the id, where it is not id or _id"),
    new Option(
      "--passage-tokens <n>",
      "tokens of a passage of a document, at a guess (default: 200)",
    ).argParser(wholeNumber(16, 100_000)),
    new Option(
      "--overlap <n>",
      "tokens that a passage repeats of the one before (default: an eighth)",
    ).argParser(wholeNumber(0, 50_000)),
    new Option("--dims <n>", "only the first n dimensions").argParser(wholeNumber(1)),
    new Option("--prune", "take out what the documents no longer hold"),
    new Option("--replace", "build it anew, and put it in the old one's place when it is whole"),
    ...vectorOptions,
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold index corpus.jsonl --model model/ --store index/",
    "nearfold index handbook/ --model model/ --store index/",
    "nearfold index corpus.jsonl --store index/ --prune",
    "nearfold index products.csv --text body --id sku --model model/ --store postgres://shop@localhost/shop?index=products",
    "nearfold index corpus.jsonl --model model/ --store index/ --vectors binary+int8 --replace",
    "nearfold index corpus.jsonl --model sentence-transformers/all-MiniLM-L6-v2 --store index/",
  ],
  run: async ([path], options, context) => {
    const { store } = options;
    const replacing = options.replace ? { replace: MANIFEST } : undefined;
    if (replacing) {
      requireReplaceable(store);
      await requireFreeFolder(store, replacing);
    }
    chooseScheme(options);
    const old = replacing ? undefined : await describeOld(store);
    const folder = await chooseModel(store, options, old, context);
    const source = await readSource(path, options, context);
    await using encoder = await openEncoder(folder, await bulkSessions(folder, source.bytes));
    const work = { source, folder, encoder, isNew: old === undefined };
    if (!replacing) return await fill(store, work, options, context);
    let outcome: Outcome | undefined;
    const rebuild = async (temporary: string) => {
      outcome = await fill(temporary, work, options, context);
    };
    await writeFolderDurably(store, rebuild, replacing);
    return outcome!;
  },
};

interface Work {
  readonly source: IndexSource;
  readonly folder: string;
  readonly encoder: Encoder;
  readonly isNew: boolean;
}

/** @param place where the index is built: its own, or where it waits to be whole */
async function fill(
  place: string,
  { source, folder, encoder, isNew }: Work,
  options: Options,
  context: Context,
): Promise<Outcome> {
  const { report, signal, now } = context;
  const choice = chooseScheme(options);
  const dims = chooseDims(encoder, options.dims ?? (choice && widestOf(choice)));
  const model = prefixSpace(encoder, dims);
  const how = { encoder, model, multiplier: options.rescore };
  const calibration: Calibration | undefined =
    choice && isNew ? await calibrateOn(source.sample, choice, how, context) : undefined;
  await using store = await openStore(place, {
    model,
    notes: await noteModel(folder, options.store),
    ...(calibration && { kept: calibration.kept }),
  });
  if (choice && !isNew) requireAsked(store, model, options);
  const before = await store.count();
  const total = source.ids.size;
  const advance = trackTask(report, { task: "indexing", unit: source.unit, total }, now);
  const filled = await fillStore(store, encoder, source.rows(), {
    dims,
    signal,
    onProgress: advance,
    ...(calibration && {
      onVectors: (ids, vectors) => calibration.probe.add(ids, vectors),
    }),
  });
  const spare = options.prune ? undefined : (id: string) => !source.isStale(id);
  const stale = before > 0 ? await prune(store, source.ids, spare) : { removed: 0, spared: 0 };
  await optimize(store, context);
  const recall = calibration && (await measureRecall(store, calibration, context));
  const count = await store.count();
  return indexOutcome(withoutSecrets(options.store), store, {
    ...{ unit: source.unit, count, before, ...filled, ...stale, skipped: source.skipped, dims },
    ...(calibration && { warnings: calibration.warnings, recall }),
  });
}

async function optimize(store: VectorStore, { report, signal, now }: Context): Promise<void> {
  const total = 100;
  const advance = trackTask(report, { task: "linking neighbours", unit: "percent", total }, now);
  await store.optimize({ signal, onProgress: (share) => advance(Math.round(total * share)) });
}

async function measureRecall(
  store: VectorStore,
  { probe }: Calibration,
  { report, now }: Pick<Context, "report" | "now">,
): Promise<number> {
  const task = { task: "measuring recall", unit: "queries", total: probe.queries } as const;
  return await probe.measure(store, trackTask(report, task, now));
}

/** What an index that is there says of its model. */
async function describeOld(reference: string) {
  const found = await findIndex(reference);
  if (!found) return undefined;
  const { name, notes } = found;
  await found[Symbol.asyncDispose]();
  return { name, notes };
}

async function chooseModel(
  store: string,
  options: Options,
  old: Pick<VectorStore, "name" | "notes"> | undefined,
  context: Context,
): Promise<string> {
  if (options.model !== undefined) return await modelFolder(options.model, options, context);
  if (old) return await notedModel(old, options, context);
  throw new NearfoldError("bad-argument", "a new index needs a model", {
    at: store,
    wanted: "--model MODEL",
  });
}

/** @throws unsupported for a server's index: other programs may hold on to its tables */
function requireReplaceable(store: string): void {
  if (isFolder(store)) return;
  throw new NearfoldError("unsupported", "--replace is for an index in a folder", {
    at: store,
    hint: "Build one of another name and switch to it: nearfold alias",
  });
}

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
