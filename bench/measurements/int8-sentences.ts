import { encodeInt8 } from "../encode-int8.ts";
import { readStsTest } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

export const int8Sentences: Measurement = {
  about:
    "int8 vectors of the first sentence of each of STS-B's 1,379 test pairs by all-MiniLM-L6-v2",
  unit: "texts/s",
  better: "higher",
  targets: [1.8, 4.5],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    const texts = (await readStsTest()).map(({ sentence1 }) => sentence1);
    return await encodeInt8(texts, { batchSizes: [1, 8, 32, 128], runs: 3, log });
  },
};
