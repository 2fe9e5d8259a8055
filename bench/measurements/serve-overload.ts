import { latenciesOf, runLoad } from "../../src/serve/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askStatus, closedLoop, memoryOf, startServer } from "../serving.ts";
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
    const send = (texts: readonly string[]) => askStatus(server.url, texts);
    const ask = () => send([QUERY]);
    await closedLoop({ clients: 32, ms: 2000 }, ask);
    // By the same generator: queries that come by themselves, as many as it can just answer.
    const { perSecond: most } = await closedLoop({ clients: 32, ms: 8000 }, ask);
    const load = (perSecond: number, seconds: number) =>
      runLoad({ perSecond, seconds, seed: 1, queries: [QUERY], send });
    const answered = ({ latencies }: Awaited<ReturnType<typeof load>>, seconds: number) =>
      latencies.count / seconds;
    const peaks = [];
    for (const share of [0.8, 0.9, 1]) peaks.push(answered(await load(share * most, 10), 10));
    const peak = Math.max(...peaks);
    const before = memoryOf(server);
    const over = await load(FACTOR * peak, SECONDS);
    const after = memoryOf(server);
    const goodput = answered(over, SECONDS);
    log(`peak ${peak.toFixed(0)}/s, ${goodput.toFixed(0)}/s of ${(FACTOR * peak).toFixed(0)}/s`);
    const still = await closedLoop({ clients: 32, ms: 4000 }, ask);
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
        closedLoopAfter: still.perSecond,
        closedLoopP50After: latenciesOf(still.latencies).p50,
      },
    };
  },
};
