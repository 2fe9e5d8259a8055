/** Retrieval collections in the layout of BEIR (arXiv:2104.08663). */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import { type Document, parseDocument } from "./documents.ts";
import type { TextBound } from "./fields.ts";
import { readJsonl, readRows } from "./jsonl.ts";
import { type Line, type LineOptions, quote } from "./lines.ts";

/** Query id → document id → grade of relevance; above 0 is relevant, and what is not judged counts as 0. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface RetrievalSet {
  /** Id → text, in the order of the file; the text is `title + " " + text`. */
  readonly documents: ReadonlyMap<string, string>;
  /** Id → text of the queries that the split judges. */
  readonly queries: ReadonlyMap<string, string>;
  readonly qrels: Qrels;
}

export interface BeirOptions extends LineOptions, TextBound {
  /** @default "test" */
  readonly split?: string;
}

/**
 * A folder of `corpus.jsonl`, `queries.jsonl` and `qrels/<split>.tsv`.
 * @throws bad-input with file and line: a malformed row, an id used twice, a judgement of a document or a query that
 * is not there. With `onBad` such rows are left out.
 */
export async function readBeir(
  folder: string,
  { split = "test", ...options }: BeirOptions = {},
): Promise<RetrievalSet> {
  const documents = await readTexts(join(folder, "corpus.jsonl"), options);
  const queries = await readTexts(join(folder, "queries.jsonl"), options);
  const path = join(folder, "qrels", `${split}.tsv`);
  const qrels = await readQrels(path, { ...options, documents, queries });
  const judged = [...qrels.keys()].flatMap((id) => {
    const text = queries.get(id);
    return text === undefined ? [] : [[id, text] as const];
  });
  return { documents, queries: new Map(judged), qrels };
}

/**
 * Judgements `query-id ⇥ corpus-id ⇥ score`, with or without a line of column names.
 * @throws bad-input with file and line: another number of columns, a score that is no whole number, one pair judged
 * twice and differently, an id that is not in `documents` or `queries` where these are given. Or `onBad`.
 */
export async function readQrels(
  path: string,
  {
    documents,
    queries,
    ...options
  }: LineOptions & {
    readonly documents?: ReadonlyMap<string, unknown>;
    readonly queries?: ReadonlyMap<string, unknown>;
  } = {},
): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>();
  const parse = (line: Line): true | undefined => {
    const { query, document, grade } = parseJudgement(line);
    if (line.number === 1 && !WHOLE.test(grade)) return undefined;
    const { at } = line;
    if (!WHOLE.test(grade)) throw malformed(at, quote(grade), "a whole number as the score");
    known(queries, query, "query", at);
    known(documents, document, "document", at);
    const grades = qrels.get(query) ?? new Map<string, number>();
    const before = grades.get(document);
    if (before !== undefined && before !== Number(grade)) {
      throw malformed(at, `${before} and ${grade}`, "one score for a query and a document");
    }
    qrels.set(query, grades.set(document, Number(grade)));
    return true;
  };
  for await (const _ of readRows(path, parse, options));
  return qrels;
}

const WHOLE = /^\s*[+-]?\d{1,9}\s*$/;

function parseJudgement({ text, at }: Line) {
  const cells = text.split("\t");
  if (cells.length !== 3) throw malformed(at, quote(text), "query-id ⇥ corpus-id ⇥ score");
  return { query: cells[0].trim(), document: cells[1].trim(), grade: cells[2] };
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "not a judgement", { at, got, wanted });
}

function known(
  ids: ReadonlyMap<string, unknown> | undefined,
  id: string,
  kind: string,
  at: string,
): void {
  if (ids === undefined || ids.has(id)) return;
  throw new NearfoldError("bad-input", `judges a ${kind} that is not there`, {
    at,
    got: quote(id),
    wanted: `an id of the ${kind === "query" ? "queries" : "corpus"}`,
  });
}

async function readTexts(
  path: string,
  options: LineOptions & TextBound,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const parse = (value: unknown, at: string): Document => {
    const { id, text } = parseDocument(value, at, options);
    if (texts.has(id)) {
      throw new NearfoldError("bad-input", "an id is used twice", { at, got: quote(id) });
    }
    texts.set(id, text);
    return { id, text };
  };
  for await (const _ of readJsonl(path, parse, options));
  return texts;
}
