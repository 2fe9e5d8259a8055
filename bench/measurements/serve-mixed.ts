import { runLoad } from "../../src/serve/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { quantile } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askVectors, closedLoop, startServer } from "../serving.ts";
import { QUERY } from "../serving-queries.ts";

const SENTENCE =
  "The library keeps every document in a folder of its own, and writes what has changed. ";
/** Of about 20 to 200 tokens. */
const TEXTS = Array.from({ length: 64 }, (_, i) => SENTENCE.repeat(1 + ((i * 7) % 10)));
const LOAD = { perSecond: 20, seconds: 15, seed: 1, queries: [QUERY] };
const RUNS = 2;

/** What a stream of documents costs the queries beside it, and they cost it. */
export const serveMixed: Measurement = {
  about: "p99 of 20 queries a second while documents pour in, less the p99 without them",
  unit: "ms",
  better: "lower",
  targets: [25],
  missing: needs("miniLm"),
  run: async (log) => {
    await using server = await startServer(miniLm);
    const send = async (texts: readonly string[]) => {
      await askVectors(server.url, texts);
      return 200;
    };
    const bulk = { streams: 2, batch: 32, texts: TEXTS };
    const part = (i: number) => Array.from({ length: 32 }, (_, j) => TEXTS[(32 * i + j) % 64]);
    await closedLoop({ clients: 2, ms: 2000 }, (i) => askVectors(server.url, part(i)));
    const added: number[] = [];
    const kept: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const alone = await runLoad({ ...LOAD, send });
      const bare = await closedLoop({ clients: 2, ms: 10_000 }, (j) => send(part(j)));
      const mixed = await runLoad({ ...LOAD, send, bulk });
      const p99 = [alone.latencies.p99, mixed.latencies.p99];
      log(`p99 ${p99[0].toFixed(1)} ms alone, ${p99[1].toFixed(1)} ms beside documents`);
      added.push(p99[1] - p99[0]);
      kept.push(mixed.bulk!.textsPerSecond / (32 * bare.perSecond));
    }
    return { ours: added, details: { bulkKept: quantile(kept, 0.5), bulkKeptWanted: 0.8 } };
  },
};
