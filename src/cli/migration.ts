/** A change of models: what it would take, and whether it may begin. */
import {
  estimate,
  generationOf,
  readMigration,
  surveyTexts,
  timeEncoder,
  writeMigration,
} from "../apps/migrate/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { followAlias, fromAlias, toAlias } from "../stores/alias.ts";
import type { VectorStore } from "../stores/index.ts";
import { bulkSessions } from "./bulk-sessions.ts";
import type { Context, Outcome } from "./command.ts";
import { chooseDims, prefixSpace } from "./encoding.ts";
import { describeEstimate } from "./migration-result.ts";
import { type Asked, embedAndJudge, type MigrationOptions } from "./migration-run.ts";
import { modelFolder } from "./model-reference.ts";
import { readJudgements, readQueries } from "./query-log.ts";
import { findIndex, openIndex } from "./store-reference.ts";

/** Texts that an adapter is fitted on and that queries are drawn from. */
const SAMPLE = 4096;
/** What a text is taken to have, before any is read. */
const BYTES = 1000;

export async function migrateIndex(
  folder: string,
  options: MigrationOptions,
  context: Context,
): Promise<Outcome> {
  const { report, signal, now } = context;
  // Mistakes in what is read at the end should not cost what comes before.
  const asked = await readAsked(options);
  await using old = await openIndex(folder);
  const place = await followAlias(folder);
  const newModel = await modelFolder(options.to, options, context);
  const sessions = await bulkSessions(newModel, BYTES * (await old.count()));
  await using encoder = await openEncoder(newModel, sessions);
  const dims = chooseDims(encoder, options.dims);
  const model = prefixSpace(encoder, dims);
  const target = await chooseTarget(folder, old, model, options);
  const survey = await surveyTexts(old, SAMPLE);
  if (survey.texts === 0) {
    throw new NearfoldError("bad-argument", "the index is empty: there is nothing to embed", {
      at: folder,
      hint: "Build one with the new model: nearfold index DOCUMENTS --model MODEL --store INDEX",
    });
  }
  const timed = await timeEncoder(encoder, survey.sample, { now, dims, signal });
  const done = await countThere(fromAlias(folder, target));
  const guess = estimate(survey, timed, { dims, done });
  const json = { estimate: guess };
  report({ type: "note", text: describeEstimate(guess, encoder.name, done), data: json });
  if (options.dryRun) {
    const text = `Nothing was changed. Next: nearfold migrate ${folder} --to ${options.to}`;
    return { text, json: { index: folder, dims, done, ...json } };
  }
  await writeMigration(folder, { model: encoder.name, space: model.space.id, dims, target });
  const work = { folder, place, old, encoder, model, target, survey };
  return await embedAndJudge(work, { ...options, to: newModel }, asked, context);
}

async function readAsked({
  queries,
  qrels,
}: Pick<MigrationOptions, "queries" | "qrels">): Promise<Asked> {
  if (qrels !== undefined && queries === undefined) {
    const [at, wanted] = ["--qrels", "--queries beside it"];
    throw new NearfoldError("bad-argument", "judgements are of queries", { at, wanted });
  }
  return {
    queries: queries === undefined ? undefined : await readQueries(queries),
    qrels: await readJudgements(qrels),
  };
}

/** @throws bad-argument for the model that the index has; exists while a migration to another is under way */
async function chooseTarget(
  folder: string,
  old: VectorStore,
  { name, space }: Named<Space>,
  { store }: MigrationOptions,
): Promise<string> {
  if (old.space.id === space.id && old.space.dims === space.dims) {
    throw new NearfoldError("bad-argument", "the index has this model already", {
      at: folder,
      got: name,
      wanted: "another model, or other --dims",
    });
  }
  const under = await readMigration(folder);
  const target = store === undefined ? generationOf(space) : toAlias(folder, store);
  if (!under) return target;
  const isSame = under.space === space.id && under.dims === space.dims;
  if (isSame && (store === undefined || under.target === target)) return under.target;
  throw new NearfoldError("exists", "another migration is under way", {
    at: folder,
    got: `${name} to ${target}`,
    wanted: `${under.model} to ${under.target}`,
    hint: "Finish it, or give it up: nearfold migrate INDEX --cancel",
  });
}

async function countThere(reference: string): Promise<number> {
  const found = await findIndex(reference);
  if (!found) return 0;
  await using store = found;
  return await store.count();
}
