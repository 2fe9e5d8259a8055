import { oneClient } from "../serving-queries.ts";

export const serveOneInt8 = oneClient({
  weights: "int8",
  recorded: "text-embeddings-inference 1.9.3 elsewhere: p50 3 ms, p99 8 ms",
  most: 3,
});
