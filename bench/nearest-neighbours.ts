/** Approximate search over clustered vectors in an index in a folder: by its derived graph, and by LanceDB's own index. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index, type Table } from "@lancedb/lancedb";
import { openStore, type VectorStore } from "../src/stores/index.ts";
import { meanOverlap } from "../src/vectors/index.ts";
import { clusteredVectors } from "./clustered-vectors.ts";
import { interleave, timed } from "./measure.ts";
import type { Finding } from "./result.ts";

const K = 10;
/** Queries that one caller asks at once. */
const BATCH = 100;
/** Searches of LanceDB under way at once. */
const AT_ONCE = 8;
const PART = 20_000;
/** What LanceDB is asked with, the fastest first. */
const EFFORTS = [
  [4, 100, 2],
  [8, 100, 2],
  [16, 200, 2],
  [32, 200, 4],
  [64, 400, 4],
] as const;

export interface NearestOptions {
  readonly rows: number;
  readonly queries: number;
  readonly runs: number;
  /** Queries a second that are asked for. */
  readonly wanted: number;
  /** Recall@10 that both must reach. */
  readonly recall: number;
  readonly log: (line: string) => void;
}

export async function nearestAgainstLance(options: NearestOptions): Promise<Finding> {
  const { rows, queries, runs, wanted, recall, log } = options;
  const folder = await mkdtemp(join(tmpdir(), "nearfold-ann-"));
  try {
    const { dims, vectors, queries: asked } = clusteredVectors({ rows, queries });
    const path = join(folder, "index");
    await using store = await openStore(path, { model: modelOf(dims) });
    const filled = await timed(() => fill(store, vectors, dims));
    const built = await timed(() => store.optimize());
    log(`${rows} rows in after ${seconds(filled.ms)}, the graph after ${seconds(built.ms)}`);
    // A filter is answered by a look at every row.
    const all = { filter: { not: { field: "none", op: "exists" } } } as const;
    const exact = idsOf(await store.search(asked, K, all));
    const lance = await openLance(path, log);
    const recallOf = (found: readonly (readonly string[])[]) => meanOverlap(exact, found);
    const graph = async () => {
      const found: string[][] = [];
      for (let at = 0; at < asked.length; at += BATCH * dims) {
        found.push(...idsOf(await store.search(asked.subarray(at, at + BATCH * dims), K)));
      }
      return found;
    };
    const one = async () => {
      const found: string[][] = [];
      for (let at = 0; at < asked.length; at += dims) {
        found.push(...idsOf(await store.search(asked.subarray(at, at + dims), K)));
      }
      return found;
    };
    const effort = await leastEffort(lance, asked, dims, { recallOf, recall, log });
    const alone = () => searchLance(lance, asked, dims, effort);
    const recalls = { ours: recallOf(await graph()), lance: recallOf(await alone()) };
    const perSecond = (find: () => Promise<unknown>) => async () =>
      (1000 * queries) / (await timed(find)).ms;
    const sides = [graph, alone, one].map((find) => ({ run: perSecond(find) }));
    const [ours, theirs, single] = await interleave(sides, { runs, warmUps: 1 });
    return {
      ours,
      peers: [
        { name: "what is asked for", figures: [wanted] },
        { name: `LanceDB's own IVF_HNSW_SQ, ${effort.join("/")}`, figures: theirs },
      ],
      details: {
        "recall@10": recalls.ours,
        "recall@10 of LanceDB's own": recalls.lance,
        "queries/s of LanceDB's own": theirs.toSorted((a, b) => a - b)[runs >> 1],
        "queries/s, one after the other": single.toSorted((a, b) => a - b)[runs >> 1],
        "seconds to put the rows in": filled.ms / 1000,
        "seconds to build the graph": built.ms / 1000,
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Effort = (typeof EFFORTS)[number];

function modelOf(dims: number) {
  const space = { id: `sha256:${"0".repeat(64)}`, dims, similarity: "cosine" } as const;
  return { name: "clusters", space };
}

async function fill(store: VectorStore, vectors: Float32Array, dims: number): Promise<void> {
  const rows = vectors.length / dims;
  for (let at = 0; at < rows; at += PART) {
    const end = Math.min(rows, at + PART);
    const ids = Array.from({ length: end - at }, (_, i) => `d${at + i}`);
    await store.upsert(ids, vectors.subarray(at * dims, end * dims));
  }
}

async function openLance(path: string, log: (line: string) => void): Promise<Table> {
  const table = await (await connect(path)).openTable("rows");
  const config = Index.hnswSq({ distanceType: "dot" });
  const built = await timed(() => table.createIndex("vector", { config }));
  log(`LanceDB's own index after ${seconds(built.ms)}`);
  return table;
}

async function leastEffort(
  table: Table,
  asked: Float32Array,
  dims: number,
  {
    recallOf,
    recall,
    log,
  }: {
    readonly recallOf: (found: readonly (readonly string[])[]) => number;
    readonly recall: number;
    readonly log: (line: string) => void;
  },
): Promise<Effort> {
  for (const effort of EFFORTS) {
    const reached = recallOf(await searchLance(table, asked, dims, effort));
    log(`LanceDB's own, ${effort.join("/")}: recall ${reached.toFixed(4)}`);
    if (reached >= recall) return effort;
  }
  return EFFORTS.at(-1)!;
}

async function searchLance(
  table: Table,
  asked: Float32Array,
  dims: number,
  [probes, ef, refine]: Effort,
): Promise<string[][]> {
  const queries = Array.from({ length: asked.length / dims }, (_, i) =>
    asked.slice(i * dims, (i + 1) * dims),
  );
  const found: string[][] = [];
  for (let at = 0; at < queries.length; at += AT_ONCE) {
    const hits = queries.slice(at, at + AT_ONCE).map(async (query) => {
      const search = table.query().nearestTo(query).distanceType("dot").limit(K);
      search.nprobes(probes).ef(ef).refineFactor(refine);
      const rows = await search.select(["id", "text", "payload", "_distance"]).toArray();
      return rows.map(({ id }) => id as string);
    });
    found.push(...(await Promise.all(hits)));
  }
  return found;
}

function idsOf(found: readonly (readonly { readonly id: string }[])[]): string[][] {
  return found.map((hits) => hits.map(({ id }) => id));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}
