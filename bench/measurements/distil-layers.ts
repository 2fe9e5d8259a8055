import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { distilMiniLm } from "../distilling.ts";
import { retrievalQuality, stsQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** Shares of the teacher's quality. */
const WANTED = { sts: 0.97, scifact: 0.93 };

/** The figure is the smaller of the two shares that are kept, each over what is wanted of it. */
export const distilLayers: Measurement = {
  about:
    "3 of all-MiniLM-L6-v2's 6 layers, trained for 12 minutes on abstracts, captions and sentences: STS-B and SciFact kept",
  unit: "of what is wanted",
  better: "higher",
  targets: [1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    await using teacher = await openEncoder(miniLm);
    const wanted = {
      sts: await stsQuality(teacher),
      scifact: await retrievalQuality("scifact", teacher),
    };
    await using student = await distilMiniLm(["--layers", "3", "--max-minutes", "12"]);
    await using encoder = await openEncoder(student.folder);
    const found = {
      sts: await stsQuality(encoder),
      scifact: await retrievalQuality("scifact", encoder),
    };
    const kept = { sts: found.sts / wanted.sts, scifact: found.scifact / wanted.scifact };
    log(`STS-B ${found.sts.toFixed(4)}, SciFact ${found.scifact.toFixed(4)}`);
    return {
      ours: [Math.min(kept.sts / WANTED.sts, kept.scifact / WANTED.scifact)],
      peers: [{ name: "97 % of the teacher's STS-B, 93 % of its SciFact", figures: [1] }],
      details: {
        sts: found.sts,
        stsKept: kept.sts,
        scifact: found.scifact,
        scifactKept: kept.scifact,
        minutes: student.seconds / 60,
        agreement: JSON.stringify(student.said.agreement),
      },
    };
  },
};
