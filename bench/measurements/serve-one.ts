import { oneClient } from "../serving-queries.ts";

export const serveOne = oneClient({
  weights: "float32",
  recorded: "text-embeddings-inference 1.9.3 elsewhere: p50 5 ms, p99 14 ms",
  most: 5,
});
