import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { miniLm } from "../../test/minilm.ts";
import { jsonl } from "../../test/nearfold.ts";
import { runNearfold } from "../bulk.ts";
import { interleave, timed } from "../measure.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Measurement } from "../result.ts";

const TEXTS = 1024;

/** Both as a person starts them, from a file to a result on disk: the index with its words and payloads, and the vectors alone. */
export const indexRate: Measurement = {
  about: `nearfold index of ${TEXTS} SciFact abstracts by MiniLM into a folder, beside nearfold embed of the same into Parquet`,
  unit: "texts/s",
  better: "higher",
  targets: [0.9],
  missing: needs("data", "miniLm"),
  async run() {
    const { documents } = await readScifact("test");
    const rows = [...documents].slice(0, TEXTS).map(([id, text]) => ({ id, text }));
    const folder = await mkdtemp(join(tmpdir(), "nearfold-index-"));
    try {
      const corpus = join(folder, "corpus.jsonl");
      await writeFile(corpus, jsonl(rows));
      const rate = (argv: readonly string[]) => async () =>
        (1000 * TEXTS) / (await timed(() => runNearfold(argv))).ms;
      const store = join(folder, "index");
      const index = rate(["index", corpus, "--model", miniLm, "--store", store, "--replace"]);
      const embed = rate(["embed", miniLm, corpus, "--out", join(folder, "vectors.parquet")]);
      const sides = [{ run: index }, { run: embed }];
      const [ours, bulk] = await interleave(sides, { runs: 3, warmUps: 0 });
      return { ours, peers: [{ name: "nearfold embed into Parquet", figures: bulk }] };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
