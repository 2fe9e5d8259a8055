import type { Space } from "../../src/space.ts";
import { openMemoryStore } from "../../src/stores/memory.ts";
import type { VectorStore } from "../../src/stores/store.ts";
import {
  calibrateScheme,
  fitScheme,
  meanOverlap,
  parseScheme,
  RESCORING_MULTIPLIER,
} from "../../src/vectors/index.ts";
import { type ClusteredVectors, clusteredVectors } from "../clustered-vectors.ts";
import { interleave, median, timed } from "../measure.ts";
import type { Finding, Measurement } from "../result.ts";

const ROWS = 200_000;
const K = 10;
/** Of recall. */
const QUERIES = 128;
const LEAST_RECALL = 0.99;
/** Asked one after another in a run, and those that are asked together. */
const [SINGLE, TOGETHER] = [16, 32];
/** Rows that formats are calibrated on. */
const SAMPLE = 1024;
const WAYS = ["int8+float32", "float32", "int8", "binary+int8"];

/** One query reads all codes once, so the fewer bytes win; queries together are bound by arithmetic. */
export const exactInt8: Measurement = {
  about: `exact search of ${ROWS} × 384 in the memory store, one query at a time: int8, 4 × rescored by float32, at recall@10 of ${LEAST_RECALL} or more`,
  unit: "ms",
  better: "lower",
  targets: [3],
  async run(log): Promise<Finding> {
    const made = clusteredVectors({ rows: ROWS, queries: QUERIES });
    const stores: VectorStore[] = [];
    for (const way of WAYS) stores.push(await fill(way, made));
    const exact = await rowsOf(stores[1], made);
    const recalls: number[] = [];
    for (const [i, store] of stores.entries()) {
      recalls.push(meanOverlap(exact, await rowsOf(store, made)));
      log(`${WAYS[i]}: recall@10 ${recalls[i]}`);
    }
    if (recalls[0] < LEAST_RECALL) throw new Error(`recall@10 of ${WAYS[0]} is ${recalls[0]}`);
    const alone = await interleave(sides(stores, made, { queries: SINGLE, together: 1 }), {
      runs: 9,
    });
    const batches = await interleave(
      sides(stores, made, { queries: TOGETHER, together: TOGETHER }),
      { runs: 3, warmUps: 1 },
    );
    return {
      ours: alone[0],
      peers: [{ name: "float32 in the same store", figures: alone[1] }],
      details: Object.fromEntries(
        WAYS.flatMap((way, i) => [
          [`${way}: recall@10`, recalls[i]],
          [`${way}: ms, one query`, median(alone[i])],
          [`${way}: ms a query, ${TOGETHER} together`, median(batches[i])],
        ]),
      ),
    };
  },
};

async function fill(way: string, { vectors, dims }: ClusteredVectors): Promise<VectorStore> {
  const space: Space = { id: "clustered", dims, similarity: "cosine" };
  const scheme = calibrateScheme(
    fitScheme(parseScheme(way), dims),
    vectors.subarray(0, SAMPLE * dims),
    { similarity: "cosine", width: dims },
  );
  const store = await openMemoryStore(way, {
    model: { name: "clustered vectors", space },
    kept: { ...scheme, multiplier: RESCORING_MULTIPLIER },
  });
  const ids = Array.from({ length: vectors.length / dims }, (_, row) => String(row));
  await store.upsert(ids, vectors);
  return store;
}

async function rowsOf(store: VectorStore, { queries }: ClusteredVectors) {
  return (await store.search(queries, K)).map((hits) => hits.map(({ id }) => id));
}

/** Milliseconds a query. */
function sides(
  stores: readonly VectorStore[],
  { queries, dims }: ClusteredVectors,
  { queries: count, together }: { readonly queries: number; readonly together: number },
) {
  return stores.map((store) => ({
    run: async () => {
      const { ms } = await timed(async () => {
        for (let i = 0; i < count; i += together) {
          await store.search(queries.subarray(i * dims, (i + together) * dims), K);
        }
      });
      return ms / count;
    },
  }));
}
