/** Short queries over HTTP, one at a time or from many clients. */
import { latenciesOf } from "../src/serve/index.ts";
import { miniLm } from "../test/minilm.ts";
import { int8Folder } from "./int8-folder.ts";
import { needs } from "./real-data.ts";
import type { Measurement } from "./result.ts";
import { askVectors, closedLoop, startServer } from "./serving.ts";

export const QUERY = "how do I read a file line by line in typescript";

/** text-embeddings-inference 1.9.3 on ONNX Runtime cannot be started here: what was recorded on a machine of this kind, with its load generator beside it, is told in the details. */
export interface Recorded {
  readonly weights: "float32" | "int8";
  readonly recorded: string;
}

interface Load {
  readonly clients: number;
  readonly ms: number;
  readonly runs: number;
}

/** The model's server under a closed loop: what each run found. */
async function underLoad(weights: Recorded["weights"], { clients, ms, runs }: Load) {
  await using stack = new AsyncDisposableStack();
  const model = weights === "int8" ? stack.use(await int8Folder()).folder : miniLm;
  const { url } = stack.use(await startServer(model));
  const ask = () => askVectors(url, [QUERY]);
  await closedLoop({ clients, ms: 2000 }, ask);
  const found = [];
  for (let i = 0; i < runs; i++) found.push(await closedLoop({ clients, ms }, ask));
  return found;
}

/** @param least requests a second */
export function manyClients({ weights, recorded, least }: Recorded & { least: number }) {
  const clients = 32;
  return {
    about: `${clients} clients that ask all-MiniLM-L6-v2 in ${weights} one short query after the other`,
    unit: "ms a request",
    better: "lower",
    targets: [1000 / least],
    missing: needs("miniLm", ...(weights === "int8" ? (["data"] as const) : [])),
    run: async () => {
      const runs = await underLoad(weights, { clients, ms: 4000, runs: 5 });
      const { p50, p99 } = latenciesOf(runs.flatMap(({ latencies }) => latencies));
      return {
        ours: runs.map(({ perSecond }) => 1000 / perSecond),
        details: { p50Ms: p50, p99Ms: p99, recorded },
      };
    },
  } satisfies Measurement;
}

/** @param most milliseconds */
export function oneClient({ weights, recorded, most }: Recorded & { most: number }) {
  return {
    about: `one client that asks all-MiniLM-L6-v2 in ${weights} one short query after the other: p50`,
    unit: "ms",
    better: "lower",
    targets: [most],
    missing: needs("miniLm", ...(weights === "int8" ? (["data"] as const) : [])),
    run: async () => {
      const runs = await underLoad(weights, { clients: 1, ms: 3000, runs: 5 });
      const each = runs.map(({ latencies }) => latenciesOf(latencies));
      const { p50, p99 } = latenciesOf(runs.flatMap(({ latencies }) => latencies));
      const details = { p99Ms: p99, p99OverP50: p99 / p50, p99OverP50Wanted: 2, recorded };
      return { ours: each.map((run) => run.p50), details };
    },
  } satisfies Measurement;
}
