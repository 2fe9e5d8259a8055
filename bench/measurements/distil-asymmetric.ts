import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { distilMiniLm } from "../distilling.ts";
import { retrievalQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** The student was fitted to the teacher's space, so its queries find what the teacher has indexed. */
export const distilAsymmetric: Measurement = {
  about:
    "Queries by a student of 3 layers, documents by its teacher (all-MiniLM-L6-v2), beside the student alone: nDCG@10 of SciFact",
  unit: "nDCG@10",
  better: "higher",
  targets: [1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    await using distilled = await distilMiniLm(["--layers", "3", "--max-minutes", "12"]);
    await using student = await openEncoder(distilled.folder);
    await using teacher = await openEncoder(miniLm);
    const both = await retrievalQuality("scifact", student, teacher);
    const alone = await retrievalQuality("scifact", student);
    const whole = await retrievalQuality("scifact", teacher);
    log(`together ${both.toFixed(4)}, the student alone ${alone.toFixed(4)}`);
    return {
      ours: [both],
      peers: [{ name: "the student alone", figures: [alone] }],
      details: { teacher: whole, kept: both / whole },
    };
  },
};
