import { encodeInt8 } from "../encode-int8.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Measurement } from "../result.ts";

const TEXTS = 128;

export const int8Documents: Measurement = {
  about: `int8 vectors of ${TEXTS} SciFact abstracts by all-MiniLM-L6-v2, cut at 256 tokens`,
  unit: "texts/s",
  better: "higher",
  targets: [1.8, 4.5],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    const { documents } = await readScifact("test");
    const texts = [...documents.values()].slice(0, TEXTS);
    return await encodeInt8(texts, { batchSizes: [1, 4, 16, 64], runs: 3, log });
  },
};
