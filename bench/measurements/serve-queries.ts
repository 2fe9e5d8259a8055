import { latenciesOf } from "../../src/serve/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { askVectors, closedLoop, startServer } from "../serving.ts";

const QUERY = "how do I read a file line by line in typescript";
const CLIENTS = 32;

/** Of the peer, as it was recorded. */
const RECORDED = 335;

/**
 * The peer cannot be started here: text-embeddings-inference 1.9.3 on ONNX Runtime was recorded on a machine of this kind, with its load generator beside it, and is in the
 * details, not among the peers.
 */
export const serveQueries: Measurement = {
  about: "32 clients that ask all-MiniLM-L6-v2 one short query after the other",
  unit: "ms a request",
  better: "lower",
  targets: [1000 / (1.25 * RECORDED)],
  missing: needs("miniLm"),
  run: async () => {
    await using server = await startServer(miniLm);
    const ask = () => askVectors(server.url, [QUERY]);
    await closedLoop({ clients: CLIENTS, ms: 2000 }, ask);
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push(await closedLoop({ clients: CLIENTS, ms: 4000 }, ask));
    const { p50, p99 } = latenciesOf(runs.flatMap(({ latencies }) => latencies));
    return {
      ours: runs.map(({ perSecond }) => 1000 / perSecond),
      details: {
        ...{ p50Ms: p50, p99Ms: p99 },
        recorded: `text-embeddings-inference 1.9.3 elsewhere: ${RECORDED} requests/s, p50 95 ms, p99 137 ms`,
      },
    };
  },
};
