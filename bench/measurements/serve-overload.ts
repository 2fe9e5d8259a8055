import { openSender, runClosedLoad, runLoad } from "../../src/serve/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { memoryOf, startServer } from "../serving.ts";
import { QUERY } from "../serving-queries.ts";

const SECONDS = 60;
/** Times what the server can do. */
const FACTOR = 3;

/** Goodput is answers of 200 a second. The load comes when it comes, whether it is answered or not. */
export const serveOverload: Measurement = {
  about: `${FACTOR} times the queries that the server can answer, for ${SECONDS} s: those that it answers, beside its most`,
  unit: "answers/s",
  better: "higher",
  targets: [0.8],
  missing: needs("miniLm"),
  run: async (log) => {
    await using server = await startServer(miniLm);
    using sender = openSender(server.url);
    const { send } = sender;
    const queries = [QUERY];
    const closed = (seconds: number) => runClosedLoad({ clients: 32, seconds, queries, send });
    await closed(2);
    // By the same generator: queries that come by themselves, as many as it can just answer.
    const { answeredPerSecond: most } = await closed(8);
    const load = (perSecond: number, seconds: number) =>
      runLoad({ perSecond, seconds, seed: 1, queries, send });
    const peaks = [];
    for (const share of [0.8, 0.9, 1]) {
      peaks.push((await load(share * most, 10)).latencies.count / 10);
    }
    const peak = Math.max(...peaks);
    const before = memoryOf(server);
    const over = await load(FACTOR * peak, SECONDS);
    const after = memoryOf(server);
    const goodput = over.latencies.count / SECONDS;
    log(`peak ${peak.toFixed(0)}/s, ${goodput.toFixed(0)}/s of ${(FACTOR * peak).toFixed(0)}/s`);
    const still = await closed(4);
    return {
      ours: [goodput],
      peers: [{ name: "its peak, by the same generator", figures: [peak] }],
      details: {
        answeredP99Ms: over.latencies.p99,
        refused: over.refused.count,
        refusedP95Ms: over.refused.p95,
        refusedP95Wanted: 25,
        failed: over.failed,
        memoryBeforeMb: before,
        memoryAfterMb: after,
        senderCores: over.senderCores,
        closedLoopAfter: still.answeredPerSecond,
      },
    };
  },
};
