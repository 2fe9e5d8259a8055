import { readSts } from "../../src/data/sts.ts";
import { shared } from "../../test/shared.ts";
import { encodeAgainstTransformersJs } from "../encode.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

export const encodeSentences: Measurement = {
  about: "float32 vectors of the 2,758 sentences of STS-B's test pairs by all-MiniLM-L6-v2",
  unit: "texts/s",
  better: "higher",
  targets: [2],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    const rows = await Array.fromAsync(readSts(shared("data/stsbenchmark/test.jsonl")));
    const texts = rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]);
    return await encodeAgainstTransformersJs(texts, { batchSizes: [1, 8, 32, 128], runs: 5, log });
  },
};
