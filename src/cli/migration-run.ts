/** A change of models once it is known what it takes: embed, compare, cut over. */
import { type CompareReport, compareRuns, type Query, runQueries } from "../apps/compare/index.ts";
import { fillStore } from "../apps/indexing/index.ts";
import {
  type Adapter,
  type AdapterSides,
  cutOver,
  fitAdapter,
  measureAdapter,
  queryOf,
  type Reembedded,
  reembed,
  type Survey,
  saveAdapter,
  storedRows,
} from "../apps/migrate/index.ts";
import type { Encoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Judgements } from "../evaluate/index.ts";
import type { Named, Space } from "../space.ts";
import { fromAlias } from "../stores/alias.ts";
import { openStore, schemeOf, type VectorStore } from "../stores/index.ts";
import type { SchemeChoice } from "../vectors/index.ts";
import type { Context, Outcome } from "./command.ts";
import { trackQueries } from "./compare-indexes.ts";
import { openAsking } from "./index-model.ts";
import { migrationOutcome } from "./migration-result.ts";
import { type ModelOptions, noteModel } from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { findIndex, isFolder } from "./store-reference.ts";
import { calibrateOn, chooseScheme, type VectorOptions } from "./vector-format.ts";

export interface MigrationOptions extends ModelOptions, VectorOptions {
  readonly to: string;
  readonly dryRun?: boolean;
  readonly cutOver?: boolean;
  readonly adapter?: boolean;
  readonly queries?: string;
  readonly qrels?: string;
  readonly minOverlap: number;
  readonly force?: boolean;
  readonly from?: string;
  readonly store?: string;
  readonly dims?: number;
}

/** What is known of a migration before it begins. */
export interface Work {
  readonly folder: string;
  /** The folder or URL that the folder's name leads to. */
  readonly place: string;
  readonly old: VectorStore;
  readonly encoder: Encoder;
  readonly model: Named<Space>;
  /** Where the new vectors go, as an alias says it. */
  readonly target: string;
  readonly survey: Survey;
}

/** What both are asked, where it was given. */
export interface Asked {
  readonly queries: readonly Query[] | undefined;
  readonly qrels: ReadonlyMap<string, Judgements> | undefined;
}

/** Sentences of documents that stand for queries where there is no log. */
const QUERIES = 200;
/** Documents that each query finds. */
const DEPTH = 10;
/** Texts that a format of vectors is calibrated on. */
const CALIBRATED = 1024;

/** Embeds what is missing, compares both, and cuts over where that is asked for and nothing speaks against it. */
export async function embedAndJudge(
  work: Work,
  options: MigrationOptions,
  { queries, qrels }: Asked,
  context: Context,
): Promise<Outcome> {
  const { folder, place, old, encoder, target, survey } = work;
  await using store = await openGeneration(work, options, context);
  const { from, offline = false } = options;
  const oldModel = { offline, ...(from !== undefined && { model: from }) };
  await using oldEncoder = await openAsking(old, oldModel, context);
  const asking = { store, encoder };
  const sides = { asking, asked: { store: old, encoder: oldEncoder } };
  const fitted = options.adapter ? await fitFirst(work, sides, context) : undefined;
  const made = await embedAll(place, store, encoder, survey.texts, context);
  await store.optimize({ signal: context.signal });
  // Hours later the state that was opened first may be gone.
  await using now = await openStore(place, { access: "read" });
  const both = { asking, asked: { store: now, encoder: oldEncoder } };
  const asked = queries ?? sentencesOf(survey);
  const compared = compareRuns(...(await askBoth(both, asked, context)), asked, {
    ...(qrels && { qrels }),
  });
  const adapter = fitted && (await measureAdapter(fitted.adapter, both, fitted.heldOut, context));
  if (adapter) await saveAdapter(now.name, adapter);
  const against = objections(compared, options);
  const switches = options.cutOver === true && (against.length === 0 || options.force === true);
  if (switches) await syncAndSwitch(work, store, context);
  return migrationOutcome(folder, {
    ...{ compared, made, adapter, against, target, switched: switches },
    ...{ to: options.to, wantsSwitch: options.cutOver === true, ownQueries: queries === undefined },
    ...{ names: { a: oldEncoder.name, b: encoder.name }, texts: await store.count() },
  });
}

/** What the queries find among the old vectors, and among the new. */
async function askBoth(
  { asking, asked }: AdapterSides,
  queries: readonly Query[],
  context: Context,
) {
  const ask = (side: AdapterSides["asking"], name: string) =>
    runQueries(side, queries, {
      ...{ depth: DEPTH, signal: context.signal },
      onProgress: trackQueries(name, queries.length, context),
    });
  return [await ask(asked, "the old vectors"), await ask(asking, "the new vectors")] as const;
}

/** Takes in what came last, while nobody can write into the old index, and leads the name to the new one. */
async function syncAndSwitch(
  { folder, place, encoder, target }: Work,
  store: VectorStore,
  { now, signal }: Context,
): Promise<void> {
  await using _held = await openStore(place, { access: "write" });
  await reembed(() => openStore(place, { access: "read" }), store, encoder, { now, signal });
  await cutOver(folder, target);
}

async function embedAll(
  place: string,
  store: VectorStore,
  encoder: Encoder,
  total: number,
  { report, signal, now }: Context,
): Promise<Reembedded> {
  const advance = trackTask(report, { task: "embedding", unit: "documents", total }, now);
  const onProgress = (documents: number) => advance(Math.min(documents, total));
  const open = () => openStore(place, { access: "read" });
  return await reembed(open, store, encoder, { now, signal, onProgress });
}

/** New vectors are kept as the old ones were, unless the options say how. */
async function openGeneration(
  { folder, old, encoder, model, target, survey }: Work,
  options: MigrationOptions,
  context: Context,
): Promise<VectorStore> {
  const place = fromAlias(folder, target);
  const notes = await noteModel(options.to, place);
  const isNew = (await findIndex(place).then(closed)) === undefined;
  const choice = chooseScheme(options) ?? typesOf(old);
  const how = { encoder, model, multiplier: options.rescore ?? old.kept.multiplier };
  const calibrated =
    choice && isNew
      ? await calibrateOn(survey.sample.slice(0, CALIBRATED), choice, how, context)
      : undefined;
  return await openStore(place, {
    ...{ model, notes },
    ...(calibrated && { kept: calibrated.kept }),
  });
}

async function closed(store: VectorStore | undefined): Promise<true | undefined> {
  await store?.[Symbol.asyncDispose]();
  return store && true;
}

/** Undefined for vectors that are kept as they come. */
function typesOf({ kept }: VectorStore): SchemeChoice | undefined {
  const { search, rescore } = schemeOf(kept);
  if (search.type === "float32" && !rescore) return undefined;
  return { search: { type: search.type }, ...(rescore && { rescore: { type: rescore.type } }) };
}

/** Embeds a sample first, and fits an adapter on it: from then on the new model may ask the old vectors. */
async function fitFirst(
  { folder, old, encoder, survey: { sample } }: Work,
  sides: AdapterSides,
  { report, now, signal }: Context,
): Promise<{ readonly adapter: Adapter; readonly heldOut: readonly string[] }> {
  if (!isFolder(old.name)) {
    throw new NearfoldError("unsupported", "an adapter lies in the folder of the index it asks", {
      at: old.name,
      got: "an index on a server",
      hint: "Leave --adapter out",
    });
  }
  const task = { task: "embedding a sample", unit: "documents", total: sample.length } as const;
  const onProgress = trackTask(report, task, now);
  const rows = storedRows(
    old,
    sample.map(({ id }) => id),
  );
  await fillStore(sides.asking.store, encoder, rows, { signal, onProgress, windowRows: 1024 });
  const found = await fitAdapter(sides, sample, { signal });
  await saveAdapter(old.name, found.adapter);
  const { measured, map } = found.adapter;
  const share = (100 * measured.recall).toFixed(1);
  report({
    type: "note",
    text: `Adapter (${map.how}): ${encoder.name} may ask ${folder} from now on. It finds ${share} % of the ten that it would find by itself, among the ${measured.documents} documents of the sample`,
    data: { type: "adapter", how: map.how, ...measured },
  });
  return found;
}

function sentencesOf({ sample }: Survey): readonly Query[] {
  return sample
    .slice(0, QUERIES)
    .map((row, i) => ({ id: `s${i}`, text: queryOf(row) }))
    .filter(({ text }) => text.trim() !== "");
}

/** Why it should not be cut over. */
function objections(
  { overlap, judged }: CompareReport,
  { minOverlap }: Pick<MigrationOptions, "minOverlap">,
): readonly string[] {
  const [share, least] = [overlap.mean, minOverlap].map((value) => (100 * value).toFixed(1));
  const worse = judged && judged.ndcg10.difference.high < 0;
  return [
    ...(overlap.mean < minOverlap
      ? [`only ${share} % of the first ten are the same, less than ${least} %`]
      : []),
    ...(worse
      ? [
          `nDCG@10 falls from ${judged.ndcg10.baseline.mean.toFixed(4)} to ${judged.ndcg10.ours.mean.toFixed(4)}, more than by chance`,
        ]
      : []),
  ];
}
