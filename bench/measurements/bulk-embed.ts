import { bulkAgainstPeers } from "../bulk.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Measurement } from "../result.ts";

const TEXTS = 512;

export const bulkEmbed: Measurement = {
  about: `nearfold embed of ${TEXTS} SciFact abstracts by all-MiniLM-L6-v2 into Parquet, from its start to its end`,
  unit: "texts/s",
  better: "higher",
  targets: [2, 2],
  missing: needs("data", "miniLm"),
  run: async (log) => {
    const { documents } = await readScifact("test");
    const texts = [...documents.values()].slice(0, TEXTS);
    return await bulkAgainstPeers(texts, { batchSizes: [4, 16], runs: 2, log });
  },
};
