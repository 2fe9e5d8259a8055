/** The graph of nearest neighbours (HNSW) of an index: built beside what goes on, with its progress. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import type { Space } from "../../space.ts";
import type { OptimizeOptions } from "../store.ts";
import type { Connections } from "./connections.ts";
import { nameOf } from "./schema.ts";

/** Below, all rows are compared: that is exact, and as fast. */
const LEAST_ROWS = 10_000;
const LINKS = 16;
const CANDIDATES_BUILDING = 64;
/** What is asked of the server to build in, MiB: a graph that does not fit is built many times slower. */
const MEMORY = { least: 64, most: 2048 };
const POLL_MS = 500;
/** What ten hits need: the table is in docs/stores.md. */
const LEAST_CANDIDATES = 140;
/** pgvector takes no more. */
const MOST_CANDIDATES = 1000;

/** Candidates (`hnsw.ef_search`) for so many hits: four for each, and no fewer than `least`. */
export function widthOfSearch(wanted: number, least: number): number {
  return Math.min(MOST_CANDIDATES, Math.max(least, 4 * wanted));
}

/** The least candidates that a reference asks for. @throws bad-argument unless from 10 to 1,000 */
export function parseCandidates(text: string | null): number {
  if (text === null) return LEAST_CANDIDATES;
  const least = Number(text);
  if (Number.isInteger(least) && least >= 10 && least <= MOST_CANDIDATES) return least;
  const [got, wanted] = [`candidates=${text.slice(0, 20)}`, `10 to ${MOST_CANDIDATES}`];
  throw new NearfoldError("bad-argument", "not a number of candidates", { got, wanted });
}

/** Builds the graph where there are rows enough and none is there, and brings statistics and the index of words up to date. */
export async function buildGraph(
  connections: Connections,
  { index, space }: { readonly index: string; readonly space: Space },
  { onProgress = () => {}, signal }: OptimizeOptions,
): Promise<void> {
  const doing = "building the index of nearest neighbours";
  await connections.alone(
    async (client) => {
      await client.query("SET statement_timeout = 0");
      await alone(client, index, signal);
      // What a builder left that was stopped.
      const left = `SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid`;
      if ((await client.query(left, [nameOf(index, "graph")])).rowCount) {
        await client.query(`DROP INDEX CONCURRENTLY ${nameOf(index, "graph")}`);
      }
      const [{ rows, there }] = (
        await client.query(
          `SELECT (SELECT count(*) FROM ${nameOf(index)})::float8 AS rows, to_regclass($1) IS NOT NULL AS there`,
          [nameOf(index, "graph")],
        )
      ).rows;
      if (!there && rows >= LEAST_ROWS) {
        await client.query(`SET maintenance_work_mem = '${memoryFor(rows, space.dims)}MB'`);
        const building =
          client.query(`CREATE INDEX CONCURRENTLY "${index}.graph" ON ${nameOf(index)}
          USING hnsw (vector halfvec_ip_ops) WITH (m = ${LINKS}, ef_construction = ${CANDIDATES_BUILDING})`);
        await watched(building, connections, client, onProgress);
      }
      await client.query(`VACUUM (ANALYZE) ${nameOf(index)}`);
      onProgress(1);
    },
    { doing, signal },
  );
}

/** Two that optimize at once: one of them waits, and asks again rather than holding a snapshot that the other must wait for. */
async function alone(client: PoolClient, index: string, signal: AbortSignal | undefined) {
  const lock = "SELECT pg_try_advisory_lock(hashtextextended('nearfold ' || $1, 0)) AS taken";
  while (!(await client.query(lock, [index])).rows[0].taken) {
    throwIfAborted(signal, "building the index");
    await sleep(POLL_MS);
  }
}

/** MiB of a graph: its vectors, and for each row some 2.1 layers' links of 8 bytes, both ways, with what goes around them. */
function memoryFor(rows: number, dims: number): number {
  const bytes = rows * (2 * dims + 24 * LINKS + 256);
  return Math.round(Math.min(MEMORY.most, Math.max(MEMORY.least, (1.2 * bytes) / 2 ** 20)));
}

/** Says how far a build is while it goes on. Source: https://github.com/pgvector/pgvector#indexing-progress */
async function watched(
  building: Promise<unknown>,
  connections: Connections,
  client: PoolClient,
  onProgress: (share: number) => void,
): Promise<void> {
  const { processID } = client as PoolClient & { readonly processID: number };
  const sql = `SELECT blocks_done::float8 / nullif(blocks_total, 0) AS share
    FROM pg_stat_progress_create_index WHERE pid = $1 AND phase LIKE '%loading tuples%'`;
  let done = false;
  const ended = building.finally(() => {
    done = true;
  });
  ended.catch(() => {});
  while (!done) {
    await Promise.race([ended, sleep(POLL_MS)]);
    if (done) break;
    const [row] = await connections.beside(sql, [processID]);
    if (typeof row?.share === "number") onProgress(Math.min(0.99, row.share));
  }
  await ended;
}
