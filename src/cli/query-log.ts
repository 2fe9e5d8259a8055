/** `--queries` and `--qrels`: what indexes are asked, and what would be right. */
import type { Query } from "../apps/compare/index.ts";
import { readQrels } from "../data/beir.ts";
import { readDocuments } from "../data/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Judgements } from "../evaluate/index.ts";
import { requireFile } from "./reading.ts";

/** Queries of a log: a line each of `.txt`, or JSONL of `{"id"?, "text"}`; an id or a text that comes again counts once. */
export async function readQueries(path: string): Promise<readonly Query[]> {
  await requireFile(path);
  const queries = new Map<string, Query>();
  const texts = new Set<string>();
  for await (const { id, text } of readDocuments(path)) {
    if (text.trim() === "" || queries.has(id) || texts.has(text)) continue;
    queries.set(id, { id, text });
    texts.add(text);
  }
  if (queries.size > 0) return [...queries.values()];
  throw new NearfoldError("bad-input", "there is no query", {
    at: path,
    wanted: 'lines of {"id"?, "text"}, or of a .txt',
  });
}

/** @throws not-found; bad-input naming the line */
export async function readJudgements(
  path: string | undefined,
): Promise<ReadonlyMap<string, Judgements> | undefined> {
  if (path === undefined) return undefined;
  await requireFile(path);
  return await readQrels(path);
}
