/** How fast this machine multiplies, measured in a moment: the bound of what a model can do on it. */
import { graphOf, input } from "../graph/node.ts";
import { fillNormal } from "../graph/rng.ts";
import { linear } from "../nn/linear.ts";
import { asRead, quantizeWeights } from "../nn/quantized-weights.ts";
import { partName, type WeightFormat, type WeightFormats } from "../nn/weight-format.ts";
import { weightFormats } from "../nn/weight-formats.ts";
import { weightInputs } from "../nn/weights.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession } from "../runtime/session.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

/** Rows, inputs and outputs of the product: large enough to run at the machine's best. */
const [ROWS, IN, OUT] = [1024, 512, 1024];
const RUNS = 12;
/** Of the activations. */
const RANGE = { low: -5, high: 5 } as const;

/**
 * Operations a second (two for each weight and row) of a linear layer whose weight is held so: the fastest of some runs, as other work can only slow one down.
 * @param weights a name of `weightFormats`, or "float32"
 */
export async function productSpeed(weights: string, now: () => number): Promise<number> {
  const found: WeightFormat | undefined = Object.hasOwn(weightFormats, weights)
    ? weightFormats[weights as keyof typeof weightFormats]
    : undefined;
  const format = found?.calibrated?.(RANGE) ?? found;
  const formats: WeightFormats = new Map(format ? [["weight", format]] : []);
  const { weights: inputs } = weightInputs();
  const layer = linear(input("x", "float32", ["T", IN]), inputs, { in: IN, out: OUT, bias: false });
  const [y] = quantizeWeights([layer], formats);
  const weight = noise(OUT, 1);
  const held = new Map<string, Tensor>(
    format
      ? Object.entries(format.quantize(weight)).map(([suffix, part]) => [
          partName("weight", suffix),
          part,
        ])
      : [["weight", weight]],
  );
  const constants = asRead(held, formats, () => [OUT, IN]);
  await using session = await openSession(
    encodeModel(graphOf({ y }), { weights: constants }).bytes,
  );
  const feeds = { x: noise(ROWS, 2) };
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const began = now();
    await session.run(feeds);
    fastest = Math.min(fastest, (now() - began) / 1000);
  }
  return (2 * ROWS * IN * OUT) / fastest;
}

function noise(rows: number, seed: number): Tensor<"float32"> {
  return floats(fillNormal(new Float32Array(rows * IN), { seed, std: 1 }), [rows, IN]);
}
