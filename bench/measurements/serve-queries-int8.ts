import { manyClients } from "../serving-queries.ts";

export const serveQueriesInt8 = manyClients({
  weights: "int8",
  recorded: "text-embeddings-inference 1.9.3 elsewhere: 704 requests/s, p50 40 ms, p99 84 ms",
  least: 1.5 * 704,
});
