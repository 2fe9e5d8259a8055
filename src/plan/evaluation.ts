/** What a plan measures on, read and checked before anything is built. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type RetrievalSet, readBeir } from "../data/beir.ts";
import { hashFile } from "../data/hash-file.ts";
import { readSts } from "../data/sts.ts";
import { NearfoldError } from "../errors.ts";
import { keyOf } from "./ledger.ts";

export interface EvaluationFiles {
  /** A folder in BEIR's layout. */
  readonly folder: string;
  readonly split: string;
  /** Scored sentence pairs. */
  readonly sts?: string;
}

export interface Evaluation extends EvaluationFiles {
  readonly set: RetrievalSet;
  /** The scores of the sentence pairs, in their order; none without such a file. */
  readonly wanted: readonly number[];
  /** A fingerprint of all of it. */
  readonly key: string;
}

/** @throws not-found or bad-input for what is no BEIR folder; bad-input naming file and line, or where nothing is judged relevant */
export async function readEvaluation(files: EvaluationFiles): Promise<Evaluation> {
  const { folder, split, sts } = files;
  const names = ["corpus.jsonl", "queries.jsonl", join("qrels", `${split}.tsv`)];
  await requireFiles(folder, names);
  const set = await readBeir(folder, { split });
  const judged = [...set.qrels.values()].some((grades) => grades.values().some((g) => g > 0));
  if (!judged) {
    throw new NearfoldError("bad-input", "nothing is judged relevant to any query", {
      at: join(folder, names[2]),
      wanted: "queries with a relevant document",
    });
  }
  const pairs = sts === undefined ? [] : await Array.fromAsync(readSts(sts));
  const wanted = pairs.map(({ score }) => score);
  if (sts !== undefined && new Set(wanted).size < 2) {
    throw new NearfoldError("bad-input", "there is nothing to order the pairs by", {
      at: sts,
      got: `${pairs.length} pairs with one score`,
      wanted: "pairs with different scores",
    });
  }
  const paths = [...names.map((name) => join(folder, name)), ...(sts === undefined ? [] : [sts])];
  const hashes = await Promise.all(paths.map(hashFile));
  return { ...files, set, wanted, key: keyOf({ hashes, split }) };
}

async function requireFiles(folder: string, names: readonly string[]): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) throw new NearfoldError("not-found", "there is no such folder", { at: folder });
  const there = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.isFile()),
  );
  const missing = names.filter((_, i) => !there[i]);
  if (missing.length === 0) return;
  throw new NearfoldError("bad-input", "this is no folder in BEIR's layout", {
    at: folder,
    got: `no ${missing.join(", no ")}`,
    wanted: names.join(", "),
  });
}
