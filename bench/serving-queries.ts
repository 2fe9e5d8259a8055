/** Short queries over HTTP, one at a time or from many clients. */
import { openSender, runClosedLoad } from "../src/serve/index.ts";
import { miniLm } from "../test/minilm.ts";
import { int8Folder } from "./int8-folder.ts";
import { median } from "./measure.ts";
import { needs } from "./real-data.ts";
import type { Measurement } from "./result.ts";
import { startServer } from "./serving.ts";

export const QUERY = "how do I read a file line by line in typescript";

/** text-embeddings-inference 1.9.3 on ONNX Runtime cannot be started here: what was recorded on a machine of this kind, with its load generator beside it, is told in the details. */
export interface Recorded {
  readonly weights: "float32" | "int8";
  readonly recorded: string;
}

const RUNS = 5;

/** The model's server under a closed loop, by the load tool: what each run found. */
async function underLoad(weights: Recorded["weights"], clients: number) {
  await using stack = new AsyncDisposableStack();
  const model = weights === "int8" ? stack.use(await int8Folder()).folder : miniLm;
  const { url } = stack.use(await startServer(model));
  using sender = openSender(url);
  const load = (seconds: number) =>
    runClosedLoad({ clients, seconds, queries: [QUERY], send: sender.send });
  await load(2);
  const found = [];
  for (let i = 0; i < RUNS; i++) found.push(await load(4));
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
      const runs = await underLoad(weights, clients);
      return {
        ours: runs.map(({ answeredPerSecond }) => 1000 / answeredPerSecond),
        details: {
          perSecond: median(runs.map(({ answeredPerSecond }) => answeredPerSecond)),
          p50Ms: median(runs.map(({ latencies }) => latencies.p50)),
          p99Ms: median(runs.map(({ latencies }) => latencies.p99)),
          senderCores: median(runs.map(({ senderCores }) => senderCores)),
          recorded,
        },
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
      const runs = await underLoad(weights, 1);
      const ours = runs.map(({ latencies }) => latencies.p50);
      const p99 = median(runs.map(({ latencies }) => latencies.p99));
      const details = { p99Ms: p99, p99OverP50: p99 / median(ours), p99OverP50Wanted: 2, recorded };
      return { ours, details };
    },
  } satisfies Measurement;
}
