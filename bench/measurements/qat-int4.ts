import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDocuments } from "../../src/data/index.ts";
import { openEncoder } from "../../src/encoder/index.ts";
import { vectorAgreement } from "../../src/evaluate/index.ts";
import { loadModel, type Model } from "../../src/models/index.ts";
import { weightFormats } from "../../src/nn/weight-formats.ts";
import { formatsFor, quantizable, quantizeModel } from "../../src/quantize/index.ts";
import { floats, type Tensor } from "../../src/tensor/tensor.ts";
import { miniLm } from "../../test/minilm.ts";
import { nearfold } from "../../test/nearfold.ts";
import { shared } from "../../test/shared.ts";
import { distilMiniLm } from "../distilling.ts";
import { readStsTest, retrievalQuality, stsQuality } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const FORMAT = "int4-block32";
/** Abstracts of Cranfield, which nothing is rounded or trained by. */
const ABSTRACTS = 200;

interface Quality {
  /** Mean cosine with the float model's vectors, of abstracts and sentences. */
  readonly cosine: number;
  readonly sts: number;
  readonly scifact: number;
}

/** The figure is 1 − the cosine of what was trained to be rounded, over that of what was rounded by calibration. */
export const qatInt4: Measurement = {
  about: `all-MiniLM-L6-v2 in ${FORMAT}: trained to be rounded for 8 minutes, against rounded afterwards`,
  unit: "of what calibrated rounding loses in cosine",
  better: "lower",
  targets: [1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const home = await mkdtemp(join(tmpdir(), "nearfold-int4-"));
    try {
      const texts = await judged();
      const model = await loadModel(miniLm);
      const wanted = await vectorsOf(model, texts);
      const measure = async (name: string, one: Model<Tensor> | string): Promise<Quality> => {
        const { mean: cosine } = vectorAgreement([wanted, await vectorsOf(one, texts)]);
        await using encoder = await openEncoder(one);
        const sts = await stsQuality(encoder);
        const scifact = await retrievalQuality("scifact", encoder);
        log(
          `${name}: cosine ${cosine.toFixed(4)}, STS-B ${sts.toFixed(4)}, SciFact ${scifact.toFixed(4)}`,
        );
        return { cosine, sts, scifact };
      };
      const float = await measure("float32", model);
      const nearest = await measure("nearest", rounded(model));
      const calibrated = await measure("calibrated", await calibratedMiniLm(home));
      await using student = await distilMiniLm(["--weights", FORMAT, "--max-minutes", "8"]);
      const trained = await measure("trained", student.folder);
      const lost = ({ cosine }: Quality) => (1 - cosine) / (1 - calibrated.cosine);
      return {
        ours: [lost(trained)],
        peers: [
          { name: "calibrated", figures: [1] },
          { name: "each number to its nearest", figures: [lost(nearest)] },
        ],
        details: {
          ...named("float", float),
          ...named("nearest", nearest),
          ...named("calibrated", calibrated),
          ...named("trained", trained),
          minutes: student.seconds / 60,
        },
      };
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

function rounded(model: Model): Model<Tensor> {
  const formats = formatsFor(quantizable(model), weightFormats[FORMAT], weightFormats["int8-rows"]);
  return quantizeModel(model, formats);
}

/** As `nearfold quantize` makes it, whatever it costs. */
async function calibratedMiniLm(home: string): Promise<string> {
  const out = join(home, "calibrated");
  const ran = await nearfold([
    ...["quantize", miniLm, "--weights", FORMAT, "--agreement", "0.5", "--out", out],
    ...["--data", shared("data/scifact/corpus.jsonl")],
  ]);
  if (ran.code !== 0) throw new Error(ran.err.trim().split("\n").at(-1));
  return out;
}

async function judged(): Promise<string[]> {
  const documents = await Array.fromAsync(readDocuments(shared("data/cranfield/corpus.jsonl")));
  const rows = await readStsTest();
  return [
    ...documents.slice(0, ABSTRACTS).map(({ text }) => text),
    ...rows.slice(0, 500).map(({ sentence1 }) => sentence1),
  ];
}

async function vectorsOf(model: Model<Tensor> | string, texts: readonly string[]) {
  await using encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(texts);
  return floats(vectors, [texts.length, dims]);
}

const named = (name: string, quality: Quality) =>
  Object.fromEntries(
    Object.entries(quality).map(([measure, figure]) => [`${name}, ${measure}`, figure]),
  );
