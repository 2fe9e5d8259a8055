import { openMemoryStore } from "../../src/stores/index.ts";
import { openPostgresStore } from "../../src/stores/postgres/index.ts";
import { meanOverlap } from "../../src/vectors/index.ts";
import { whyAbsent } from "../../test/stores/fetched-servers.ts";
import { startPostgres } from "../../test/stores/postgres-server.ts";
import { clusteredVectors } from "../clustered-vectors.ts";
import { median, timed } from "../measure.ts";
import type { Finding, Measurement } from "../result.ts";

const [ROWS, QUERIES, JUDGED, K] = [200_000, 1000, 300, 10];
const [AIM, RECALL] = [600, 0.97];
const RUNS = 5;
/** Of other searches, once each. */
const CANDIDATES = [40, 60, 100, 200] as const;
const PART = 10_000;
/** Of the server: the graph and the rows stay in memory, as on a machine that is meant for it. */
const SETTINGS = { shared_buffers: "1GB", max_wal_size: "4GB" };

/** Queries of one call, which the store's pool of connections shares out; the server and the client have the machine's cores together. */
export const annPgvector: Measurement = {
  about: `queries a second of PostgreSQL with pgvector: ${ROWS} vectors of 384, the ${K} nearest, at recall@${K} of at least ${RECALL}`,
  unit: "queries/s",
  better: "higher",
  targets: [1],
  missing: () => whyAbsent("postgres"),
  async run(log): Promise<Finding> {
    const { vectors, queries, dims } = clusteredVectors({ rows: ROWS, queries: QUERIES });
    const space = { id: `sha256:${"0".repeat(64)}`, dims, similarity: "cosine" } as const;
    const model = { name: "the generator", space };
    const ids = Array.from({ length: ROWS }, (_, row) => `d${row}`);
    const wanted = await exact();
    await using server = await startPostgres({ settings: SETTINGS });
    await using store = await openPostgresStore(server.url(), { model });
    const filled = await timed(async () => {
      for (let row = 0; row < ROWS; row += PART) {
        const part = vectors.subarray(row * dims, (row + PART) * dims);
        await store.upsert(ids.slice(row, row + PART), part);
      }
    });
    log(`put in within ${seconds(filled.ms)} s`);
    const built = await timed(() => store.optimize());
    log(`the graph was built within ${seconds(built.ms)} s`);
    const rates: number[] = [];
    let recall = 0;
    // The first is a warm-up.
    for (let run = 0; run <= RUNS; run++) {
      const { ms, result } = await timed(() => store.search(queries, K));
      if (run > 0) rates.push((1000 * QUERIES) / ms);
      const found = result.slice(0, JUDGED).map((hits) => hits.map(({ id }) => id));
      recall = meanOverlap(wanted, found);
    }
    log(`${Math.round(median(rates))} queries a second at recall ${recall.toFixed(4)}`);
    const others: Record<string, string> = {};
    for (const candidates of CANDIDATES) {
      const reference = `${server.url()}?candidates=${candidates}`;
      await using other = await openPostgresStore(reference, { access: "read" });
      await other.search(queries, K);
      const { ms, result } = await timed(() => other.search(queries, K));
      const found = result.slice(0, JUDGED).map((hits) => hits.map(({ id }) => id));
      const rate = Math.round((1000 * QUERIES) / ms);
      const line = `recall ${meanOverlap(wanted, found).toFixed(4)}, ${rate} queries/s`;
      log(`${candidates} candidates: ${line}`);
      others[`${candidates} candidates`] = line;
    }
    return {
      ours: recall >= RECALL ? rates : rates.map(() => 0),
      peers: [{ name: `what is aimed at, at recall ${RECALL}`, figures: [AIM] }],
      details: {
        [`recall@${K}`]: recall,
        "seconds to put the rows in": filled.ms / 1000,
        "seconds to build the graph": built.ms / 1000,
        ...others,
      },
    };

    /** By exact search in float32. */
    async function exact(): Promise<readonly (readonly string[])[]> {
      await using memory = await openMemoryStore("memory:", { model });
      await memory.upsert(ids, vectors);
      const found = await memory.search(queries.subarray(0, JUDGED * dims), K);
      log(`${JUDGED} queries were searched exactly`);
      return found.map((hits) => hits.map(({ id }) => id));
    }
  },
};

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
