import { expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { NearfoldError } from "../src/errors.ts";
import type { Model } from "../src/models/model.ts";
import {
  formatsFor,
  parseWeightFormat,
  quantizable,
  quantizeModel,
} from "../src/quantize/index.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { texts, tinyBert, tinyLlama, tinyStatic } from "./tiny-models.ts";

/** Why WebGPU is not to be had here: it takes Vulkan, Metal or DirectX, of which SwiftShader's is enough (Chromium brings it; VK_DRIVER_FILES names it). */
async function missingWebGpu(): Promise<string | undefined> {
  try {
    await using _ = await openEncoder(tinyStatic(), { providers: ["webgpu", "cpu"] });
    return undefined;
  } catch (error) {
    if (error instanceof NearfoldError && /adapter/.test(`${error.details.got}`)) {
      return "ONNX Runtime finds no WebGPU adapter";
    }
    throw error;
  }
}

const missing = await missingWebGpu();

function int8(model: Model): Model<Tensor> {
  const formats = formatsFor(quantizable(model), parseWeightFormat("int8"), undefined);
  return quantizeModel(model, formats);
}

const models: [string, () => Model<Tensor>, number][] = [
  ["bert", tinyBert, 1e-5],
  // Its positions are sines and cosines, which WebGPU need compute to 2^-11 only (WGSL, 15.7.4).
  ["llama", tinyLlama, 1e-3],
  ["static", tinyStatic, 1e-5],
  ["bert in int8", () => int8(tinyBert()), 1e-3],
];

const what = `WebGPU gives the CPU's vectors${missing ? ` (skipped: ${missing})` : ""}`;

test.skipIf(missing !== undefined).each(models)(`${what}: %s`, async (_, make, atol) => {
  await using cpu = await openEncoder(make());
  await using gpu = await openEncoder(make(), { providers: ["webgpu", "cpu"] });
  const { vectors } = await cpu.encode(texts);
  expect((await gpu.encode(texts)).vectors).toBeClose(vectors, { rtol: 0, atol });
  for (const text of texts.slice(0, 2)) {
    const alone = await gpu.encode([text]);
    const wanted = (await cpu.encode([text])).vectors;
    expect(alone.vectors).toBeClose(wanted, { rtol: 0, atol });
  }
});
