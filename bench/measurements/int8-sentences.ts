import { encodeInt8 } from "../encode-int8.ts";
import { readStsTest } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

export const int8Sentences: Measurement = {
  about: "int8 vectors of the 2,758 sentences of STS-B's test pairs by all-MiniLM-L6-v2",
  unit: "texts/s",
  better: "higher",
  targets: [1.8, 4.5],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    const texts = (await readStsTest()).flatMap(({ sentence1, sentence2 }) => [
      sentence1,
      sentence2,
    ]);
    return await encodeInt8(texts, { batchSizes: [1, 8, 32, 128], runs: 3, log });
  },
};
