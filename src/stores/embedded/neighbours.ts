/** The graph of nearest neighbours that is derived from the rows of an index: built, added to, searched. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../durable.ts";
import { throwIfAborted } from "../../errors.ts";
import { dotRows } from "../../tensor/rows.ts";
import { byScore } from "../order.ts";
import type { OptimizeOptions, StoreHit } from "../store.ts";
import type { LanceRow } from "./columns.ts";
import type { Commits } from "./commits.ts";
import { markFile, verifyFile } from "./files.ts";
import { Nearest } from "./nearest.ts";
import type { NearestMark } from "./record.ts";
import type { RowsReader } from "./rows-reader.ts";

/** Rows from which on there is a graph: until then a look at each takes some 10 ms. */
const FROM = 20_000;
/** Rows that are looked at one by one beside the graph, until it is brought up to date. */
const BEHIND = 5000;
/** Share of the graph's rows that must be alive, or it is built anew. */
const ALIVE = 0.8;
/** Candidates of the graph for each hit, which are scored again. */
const CANDIDATES = 2;

export class Neighbours implements AsyncDisposable {
  readonly #folder: string;
  readonly #dims: number;
  readonly #rows: RowsReader;
  readonly #commits: Commits;
  #later: { readonly version: number; readonly rows: Promise<number> } | undefined;
  #open: { readonly file: string; readonly graph: Promise<Nearest> } | undefined;

  constructor(folder: string, dims: number, rows: RowsReader, commits: Commits) {
    this.#folder = folder;
    this.#dims = dims;
    this.#rows = rows;
    this.#commits = commits;
  }

  /** Whether there is a graph. */
  get there(): boolean {
    return this.#commits.record.nearest !== undefined;
  }

  /** For each of the queries `[Q, D]` nearly all of its `k` nearest, with exact scores; rows that came after the graph are all looked at. */
  async search(queries: Float32Array, k: number): Promise<StoreHit[][]> {
    const mark = this.#commits.record.nearest!;
    // A writer has put another in its place since this store was opened: what is wanted is still the state of then.
    if (this.#open?.file !== mark.file && !(await exists(join(this.#folder, mark.file)))) {
      return await this.#rows.nearest(queries, k);
    }
    const graph = await this.#graphOf(mark);
    const lists = await graph.search(queries, Math.min(CANDIDATES * k, graph.rows));
    const rows = await this.#rows.byRowIds([...new Set(lists.flatMap((keys) => [...keys]))]);
    const condition = `_rowid > ${mark.last}`;
    const more = (await this.#countLater(mark))
      ? await this.#rows.nearest(queries, k, { condition })
      : [];
    const last = BigInt(mark.last);
    const queryAt = (i: number) => queries.subarray(i * this.#dims, (i + 1) * this.#dims);
    return await Promise.all(
      lists.map(async (keys, i) => {
        // What the graph holds already while it grows is looked at with the later rows.
        const alive = [...keys].filter((key) => key <= last && rows.has(key));
        // Where too many of a query's candidates are gone, a look at every row.
        if (alive.length < Math.min(k, keys.length)) {
          return (await this.#rows.nearest(queryAt(i), k))[0];
        }
        const score = (key: bigint) =>
          dotRows(queries, i * this.#dims, rows.vector(key), 0, this.#dims);
        const scored = alive
          .map((key) => ({ key, score: score(key) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, k);
        const hits = scored.map(({ key, score }) => ({ ...rows.stored(key), score }));
        return [...hits, ...(more[i] ?? [])].sort(byScore).slice(0, k);
      }),
    );
  }

  /** Rows that came after the graph; asked once for each change. */
  async #countLater({ last }: NearestMark): Promise<number> {
    const { version } = this.#commits.record;
    if (this.#later?.version !== version) {
      this.#later = { version, rows: this.#rows.count(`_rowid > ${last}`) };
    }
    return await this.#later.rows;
  }

  /** Builds the graph where there are rows enough, or adds to it what came since; takes it away where there are too few. */
  async refresh({ onProgress, signal }: OptimizeOptions = {}): Promise<void> {
    const { nearest } = this.#commits.record;
    const count = await this.#rows.count();
    if (count < FROM) return await this.#drop();
    const later = nearest ? await this.#rows.count(`_rowid > ${nearest.last}`) : count;
    const grows = nearest && count - later >= ALIVE * nearest.rows ? nearest : undefined;
    if (grows && later < BEHIND) return;
    const graph = grows ? await this.#graphOf(grows) : await Nearest.open(this.#dims);
    const condition = grows && `_rowid > ${grows.last}`;
    const total = grows ? later : count;
    try {
      await this.#keep(graph, await this.#fill(graph, condition, { onProgress, signal, total }));
    } catch (error) {
      // What it was filled with in part is not what its file says.
      if (grows) this.#open = undefined;
      await graph[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Puts the rows that meet a condition into a graph. @returns the greatest row id in it then */
  async #fill(
    graph: Nearest,
    condition: string | undefined,
    { onProgress, signal, total }: OptimizeOptions & { readonly total: number },
  ): Promise<number> {
    let [done, last] = [0, 0];
    for await (const rows of this.#rows.parts(condition, ["vector"])) {
      throwIfAborted(signal, "building the graph of neighbours");
      const keys = BigUint64Array.from(rows, ({ _rowid }) => BigInt(_rowid!));
      await graph.add(keys, this.#vectorsOf(rows));
      done += rows.length;
      for (const key of keys) last = Math.max(last, Number(key));
      onProgress?.(done / total);
    }
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const graph = await this.#open?.graph.catch(() => undefined);
    this.#open = undefined;
    await graph?.[Symbol.asyncDispose]();
  }

  async #keep(graph: Nearest, last: number): Promise<void> {
    const { version, nearest: old } = this.#commits.record;
    const file = `nearest-${version}-${graph.rows}.usearch`;
    const path = join(this.#folder, file);
    await graph.save(path);
    const mark = { ...(await markFile(path)), file, rows: graph.rows, last };
    await this.#commits.commit({ nearest: mark });
    const before = await this.#open?.graph;
    this.#open = { file, graph: Promise.resolve(graph) };
    this.#later = undefined;
    if (before !== graph) await before?.[Symbol.asyncDispose]();
    if (old && old.file !== file) await rm(join(this.#folder, old.file), { force: true });
  }

  async #drop(): Promise<void> {
    const { nearest } = this.#commits.record;
    if (!nearest) return;
    await this.#commits.commit({ nearest: undefined });
    await this[Symbol.asyncDispose]();
    await rm(join(this.#folder, nearest.file), { force: true });
  }

  /** The graph of a file, which is checked before it is read. */
  async #graphOf({ file, ...mark }: NearestMark): Promise<Nearest> {
    if (this.#open?.file !== file) {
      const path = join(this.#folder, file);
      const open = async () => {
        await verifyFile(path, mark);
        return await Nearest.open(this.#dims, path);
      };
      this.#open = { file, graph: open() };
    }
    try {
      return await this.#open.graph;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  #vectorsOf(rows: readonly LanceRow[]): Float32Array {
    const vectors = new Float32Array(rows.length * this.#dims);
    rows.forEach((row, i) => {
      vectors.set(row.vector!.toArray(), i * this.#dims);
    });
    return vectors;
  }
}
