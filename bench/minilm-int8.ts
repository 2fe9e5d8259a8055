/** all-MiniLM-L6-v2 in int8, as `nearfold quantize` makes it. */
import { loadModel, type Model } from "../src/models/index.ts";
import { parseWeightFormat, type WeightFormatName } from "../src/nn/weight-formats.ts";
import { formatsFor, quantizable, quantizeGuarded } from "../src/quantize/index.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { miniLm } from "../test/minilm.ts";
import { readScifact } from "./real-data.ts";

/** What the command looks at by itself. */
const TEXTS = 256;

/** With an int8 table, calibrated and judged by abstracts of SciFact. */
export async function miniLmInt8(
  weights: WeightFormatName = "int8-static",
): Promise<Model<Tensor>> {
  const model = await loadModel(miniLm);
  const { documents } = await readScifact("train");
  const [layer, table] = [weights, "int8-rows"].map(parseWeightFormat);
  const texts = [...documents.values()].slice(0, TEXTS);
  const guarded = await quantizeGuarded(model, formatsFor(quantizable(model), layer, table), {
    texts,
  });
  return guarded.model;
}
