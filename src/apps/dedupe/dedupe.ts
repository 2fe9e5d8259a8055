/** Duplicates in a stream of texts: exact, near, semantic; in memory that grows by some hundred bytes a distinct text. */
import { tmpdir } from "node:os";
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { comparable } from "../../stores/scan.ts";
import { dotRows } from "../../tensor/rows.ts";
import { UnionFind } from "../union-find.ts";
import { Deduped } from "./deduped.ts";
import { DigestTable } from "./digest-table.ts";
import { Distinct } from "./distinct.ts";
import { joinNear } from "./near.ts";
import { joinNeighbours } from "./neighbours.ts";
import { type DedupeOptions, type DedupeRow, floorOf, type Settled, settle } from "./options.ts";
import { PackedLists } from "./packed-lists.ts";
import { RowLog } from "./row-log.ts";
import { jaccard } from "./sketch.ts";
import { openSketchers, type Sketches } from "./sketchers.ts";
import { statesOther, WordCounts, wordsOf } from "./words.ts";

/**
 * Looks for duplicates. Texts that are equal once normalized are one; those that share most of their shingles are joined, and then, with vectors, those that mean the same. The input is read once. Same rows,
 * same options, same groups; but where a text's neighbours are more than are looked at, an approximate index may find others.
 * @returns what must be closed: `await using`
 * @throws bad-argument for options that make no sense; bad-input for no rows; aborted; io
 */
export async function dedupe(
  rows: AsyncIterable<DedupeRow> | Iterable<DedupeRow>,
  options: DedupeOptions = {},
): Promise<Deduped> {
  const settled = settle(options);
  await using stack = new AsyncDisposableStack();
  const log = stack.use(await RowLog.open(options.folder ?? tmpdir()));
  const distinct = new Distinct(settled.keep);
  const sketches = await readRows(rows, distinct, log, settled);
  if (distinct.rows === 0) {
    throw new NearfoldError("bad-input", "there are no rows", { wanted: "at least one" });
  }
  if (sketches) await dropNear(distinct, sketches, settled);
  if (settled.semantic) await dropSemantic(distinct, sketches, log, settled);
  stack.move();
  return new Deduped(distinct, log);
}

/** Reads every row: into the log, and what is new of it into sketches. */
async function readRows(
  rows: AsyncIterable<DedupeRow> | Iterable<DedupeRow>,
  distinct: Distinct,
  log: RowLog,
  { near, normalized, threads, signal, onProgress }: Settled,
): Promise<Sketches | undefined> {
  const digests = new DigestTable();
  await using sketchers = near && (await openSketchers(near.sketch, threads));
  for await (const row of rows) {
    const { id, text, rank = Number.NaN, fields } = row;
    throwIfAborted(signal, "reading");
    const before = digests.count;
    const number = digests.numberOf(normalized(text));
    distinct.add(number, { id, length: text.length, rank });
    if (number === before) await sketchers?.push(text);
    await log.push(JSON.stringify({ ...fields, id, text }));
    if (distinct.rows % PROGRESS_ROWS === 0) {
      onProgress?.({ stage: "reading", done: distinct.rows, total: undefined });
    }
  }
  onProgress?.({ stage: "reading", done: distinct.rows, total: distinct.rows });
  return await sketchers?.finish();
}

/** Rows between two reports. */
const PROGRESS_ROWS = 1024;

async function dropNear(
  distinct: Distinct,
  sketches: Sketches,
  { near, facts, stretch, signal, onProgress }: Settled,
): Promise<void> {
  const { threshold, sketch } = near!;
  const { shingles, words, counts } = sketches;
  const scoreOf = (a: number, b: number) => jaccard(shingles.at(a), shingles.at(b), sketch.kept);
  const isLike = (least: number) => (a: number, b: number) =>
    scoreOf(a, b) >= least && !(facts && statesOther(words.at(a), words.at(b), counts));
  const groups = new UnionFind(distinct.texts);
  const total = sketch.bands;
  await joinNear(sketches, groups, {
    ...{ bands: total, isSame: isLike(threshold), signal },
    onProgress: (done) => onProgress?.({ stage: "comparing", done, total }),
  });
  const isSame = isLike(floorOf(threshold, stretch));
  for (const set of groups.sets()) distinct.join(set, { stage: "near", isSame, scoreOf });
}

/** Texts whose vectors are asked for at once. */
const ENCODED = 1024;

async function dropSemantic(
  distinct: Distinct,
  sketches: Sketches | undefined,
  log: RowLog,
  { semantic, facts, stretch, signal, onProgress }: Settled,
): Promise<void> {
  const { dims, threshold, neighbours = 10 } = semantic!;
  // In the order of their rows, so that the log is read once.
  const left = distinct.left();
  const total = left.length;
  const vectors = new Float32Array(total * dims);
  const words = new PackedLists();
  // Of all texts, where those were looked at.
  const counts = sketches ? undefined : new WordCounts();
  let done = 0;
  for await (const part of parts(log.lines(left.map(({ row }) => row)), ENCODED)) {
    const rows = part.map((line) => JSON.parse(line) as DedupeRow);
    const made = await semantic!.vectors(rows, { signal });
    vectors.set(unitVectors(made, dims, rows), done * dims);
    for (const { text } of rows) {
      const own = wordsOf(text);
      words.push(own);
      counts?.add(own);
    }
    done += part.length;
    onProgress?.({ stage: "encoding", done, total });
    throwIfAborted(signal, "encoding");
  }
  const scoreOf = (a: number, b: number) => dotRows(vectors, a * dims, vectors, b * dims, dims);
  const spelt = counts ?? sketches!.counts;
  const mayBeSame = (a: number, b: number) =>
    !facts || !statesOther(words.at(a), words.at(b), spelt);
  const floor = floorOf(threshold, stretch);
  const isSame = (a: number, b: number) => scoreOf(a, b) >= floor && mayBeSame(a, b);
  const groups = new UnionFind(total);
  await joinNeighbours(vectors, dims, groups, {
    ...{ threshold, neighbours, mayBeSame, signal },
    onProgress: (stage, done) => onProgress?.({ stage, done, total }),
  });
  const textOf = (place: number) => left[place].text;
  for (const set of groups.sets()) {
    distinct.join(set, { stage: "semantic", isSame, scoreOf, textOf });
  }
}

/** Rows made of unit length; one of 0 stays. @throws not-finite naming the text; mismatch for another number of them */
function unitVectors(
  vectors: Float32Array,
  dims: number,
  rows: readonly Pick<DedupeRow, "id">[],
): Float32Array {
  if (vectors.length !== rows.length * dims) {
    const [got, wanted] = [`${vectors.length} numbers`, `${dims} for each of ${rows.length} texts`];
    throw new NearfoldError("mismatch", "the vectors do not fit the texts", { got, wanted });
  }
  const of = { name: "the vectors", space: { dims, similarity: "cosine" } } as const;
  return comparable(vectors, of, (row) => JSON.stringify(rows[row].id.slice(0, 60)));
}

async function* parts<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let part: T[] = [];
  for await (const item of items) {
    part.push(item);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
