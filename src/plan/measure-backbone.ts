/** A built model measured, and its vectors scored in every format that remains; what is known already is not done again. */
import { join } from "node:path";
import { exists } from "../durable.ts";
import type { Candidate } from "./candidate.ts";
import { askChild, type ChildOptions } from "./child.ts";
import type { Evaluation } from "./evaluation.ts";
import { keyOf, recall, record } from "./ledger.ts";
import type { MeasureResult } from "./measure-model.ts";
import type { ScoreResult } from "./score-vectors.ts";

/** A model that can be opened. */
export interface Built {
  readonly name: string;
  readonly folder: string;
  /** The id of its space: what was measured of another is not true of it. */
  readonly space: string;
}

export interface MeasuringOptions extends ChildOptions {
  /** Where records and vectors are kept. */
  readonly work: string;
  readonly evaluation: Evaluation;
  /** Queries that are timed, at least. @default 200 */
  readonly runs?: number;
  /** Of the program and the machine: speeds of another say nothing. */
  readonly on: object;
}

/** Speed, memory, and the vectors of the evaluation's texts beside them on disk. */
export async function measureBuilt(
  { name, folder, space }: Built,
  { work, evaluation, runs = 200, on, ...options }: MeasuringOptions,
): Promise<MeasureResult & { readonly key: string }> {
  const { set, folder: data, split, sts } = evaluation;
  const key = keyOf({ space, eval: evaluation.key, runs, on });
  const [path, out] = [join(work, `${name}.measured.json`), vectorsOf(work, name)];
  const known = await recall<MeasureResult>(path, key);
  if (known && (await exists(out))) return { ...known, key };
  const request = { folder, eval: data, split, queries: [...set.queries.values()], runs, out };
  const found = await askChild(
    "measure",
    { ...request, ...(sts !== undefined && { sts }) },
    options,
  );
  await record(path, key, found);
  return { ...found, key };
}

/** Scores of each candidate of one model, by the text of its scheme. */
export async function scoreBuilt(
  { name }: Pick<Built, "name">,
  { width, similarity, key: measured }: Awaited<ReturnType<typeof measureBuilt>>,
  vectors: readonly Candidate["vectors"][],
  { work, evaluation, on, ...options }: MeasuringOptions,
): Promise<ScoreResult> {
  const path = join(work, `${name}.scores.json`);
  const key = keyOf({ measured, on });
  const known = (await recall<ScoreResult>(path, key)) ?? {};
  const schemes = vectors.filter((scheme) => !Object.hasOwn(known, scheme));
  if (schemes.length === 0) return known;
  const { folder, split, sts } = evaluation;
  const request = { width, similarity, eval: folder, split, sts: sts !== undefined, schemes };
  const found = await askChild("score", { ...request, vectors: vectorsOf(work, name) }, options);
  const all = { ...known, ...found };
  await record(path, key, all);
  return all;
}

function vectorsOf(work: string, name: string): string {
  return join(work, `${name}.vectors.safetensors`);
}
