import { manyClients } from "../serving-queries.ts";

export const serveQueries = manyClients({
  weights: "float32",
  recorded: "text-embeddings-inference 1.9.3 elsewhere: 335 requests/s, p50 95 ms, p99 137 ms",
  least: 1.25 * 335,
});
