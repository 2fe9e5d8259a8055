import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEncoder } from "../../src/encoder/index.ts";
import { distilMiniLm } from "../distilling.ts";
import { retrievalQuality, stsQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** model2vec's distillation of the same teacher to 256 dimensions, as measured on the same data. */
const PEER = { scifact: 0.3771, cranfield: 0.308, sts: 0.6556 };

/** The figure is the smallest of the three ratios to the peer. */
export const distilStatic: Measurement = {
  about:
    "A static student of all-MiniLM-L6-v2, 256 dimensions: SciFact, Cranfield and STS-B beside model2vec's",
  unit: "of model2vec's",
  better: "higher",
  targets: [1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const cache = await mkdtemp(join(tmpdir(), "nearfold-teacher-"));
    await using _ = {
      [Symbol.asyncDispose]: () => rm(cache, { recursive: true, force: true }),
    };
    const measure = (...argv: string[]) => measured(["--teacher-cache", cache, ...argv]);
    const begun = await measure("--epochs", "0");
    log(`before training: ${JSON.stringify(begun)}`);
    const found = await measure();
    log(`trained: ${JSON.stringify(found)}`);
    const names = ["scifact", "cranfield", "sts"] as const;
    return {
      ours: [Math.min(...names.map((name) => found[name] / PEER[name]))],
      peers: [{ name: "model2vec, 256 dimensions, without training", figures: [1] }],
      details: {
        ...found,
        beforeScifact: begun.scifact,
        beforeCranfield: begun.cranfield,
        beforeSts: begun.sts,
      },
    };
  },
};

async function measured(argv: readonly string[]) {
  await using student = await distilMiniLm(["--static", "--dims", "256", ...argv]);
  await using encoder = await openEncoder(student.folder);
  return {
    scifact: await retrievalQuality("scifact", encoder),
    cranfield: await retrievalQuality("cranfield", encoder),
    sts: await stsQuality(encoder),
  };
}
