import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad } from "../src/graph/grad.ts";
import { constant, graphOf, input } from "../src/graph/node.ts";
import { gather, matmul, mul, reduceSum } from "../src/graph/ops/index.ts";
import { fakeQuantizeWeights } from "../src/nn/fake-quantized-weights.ts";
import { linear } from "../src/nn/linear.ts";
import { quantizeWeights } from "../src/nn/quantized-weights.ts";
import { partName, type WeightFormat } from "../src/nn/weight-format.ts";
import { parseWeightFormat, weightFormats } from "../src/nn/weight-formats.ts";
import { weightInputs } from "../src/nn/weights.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { dequantizeRows, quantizeRows, roundEven } from "../src/tensor/codes.ts";
import { floats, ints, type Tensor } from "../src/tensor/tensor.ts";

const [OUT, IN] = [6, 128];
const numbers = (rows: number, seed: number) =>
  floats(
    Array.from({ length: rows * IN }, (_, i) => Math.sin(i * (seed + 1)) * (1 + (i % 7))),
    [rows, IN],
  );
const weight = numbers(OUT, 1);
const bias = floats([1, -1, 0.5, 0, 2, 3]);

/** What `numbers` lie in, with a zero that is not in the middle. */
const RANGE = { low: -5, high: 7 };

/** As a calibrated format rounds them: 256 codes from one end of the range to the other. */
function inRange({ data, shape }: Tensor<"float32">): Tensor<"float32"> {
  const scale = Math.fround((RANGE.high - RANGE.low) / 255);
  const zero = Math.round(-RANGE.low / scale);
  const codeOf = (v: number) =>
    Math.min(255, Math.max(0, roundEven(Math.fround(v / scale)) + zero));
  return floats(
    Array.from(data, (v) => (codeOf(v) - zero) * scale),
    shape,
  );
}

/** What ONNX Runtime takes for the parts of a weight. */
function inputsOf(name: string, format: WeightFormat, parts: Readonly<Record<string, Tensor>>) {
  const types = format.parts({ out: OUT, in: IN });
  return Object.entries(parts).map(([suffix, part]): [string, Tensor] => {
    const { read } = types[suffix];
    if (!read) return [partName(name, suffix), part];
    const { buffer, byteOffset, byteLength } = part.data;
    const data = new Uint8Array(buffer, byteOffset, byteLength);
    return [`${name}${suffix}`, { dtype: "uint8", shape: read.shape as number[], data }];
  });
}

/** `x Wᵀ + b` of a weight in a format, by ONNX Runtime. */
async function product(format: WeightFormat, x: Tensor<"float32">): Promise<Float32Array> {
  const { weights } = weightInputs();
  const layer = linear(input("x", "float32", ["T", IN]), weights, { in: IN, out: OUT });
  const [y] = quantizeWeights([layer], new Map([["weight", format]]));
  const constants = new Map([
    ["bias", bias as Tensor],
    ...inputsOf("weight", format, format.quantize(weight)),
  ]);
  const { bytes } = encodeModel(graphOf({ y }), { weights: constants });
  await using session = await openSession(bytes);
  return (await session.run({ x })).y.data as Float32Array;
}

function multiply(x: Tensor<"float32">, w: Tensor<"float32">): Float64Array {
  const rows = x.shape[0];
  return Float64Array.from({ length: rows * OUT }, (_, at) => {
    const [row, column] = [Math.floor(at / OUT), at % OUT];
    let sum = bias.data[column];
    for (let i = 0; i < IN; i++) sum += x.data[row * IN + i] * w.data[column * IN + i];
    return sum;
  });
}

describe.each(Object.entries<WeightFormat>(weightFormats))("%s", (name, registered) => {
  const format = registered.calibrated?.(RANGE) ?? registered;

  test("is found by its name, and called by it", () => {
    expect(parseWeightFormat(name)).toBe(registered);
    expect([registered.name, format.name]).toEqual([name, name]);
  });

  test("has the parts that it says", () => {
    const parts = format.quantize(weight);
    const types = format.parts({ out: OUT, in: IN });
    expect(Object.keys(parts)).toEqual(Object.keys(types));
    for (const [suffix, { dtype, shape }] of Object.entries(types)) {
      expect(partName("a.weight", suffix)).toMatch(/^a\.(weight|input_)/);
      expect([parts[suffix].dtype, parts[suffix].shape]).toEqual([dtype, shape]);
    }
  });

  test("comes back within half a step", () => {
    const back = format.dequantize(format.quantize(weight));
    expect(back.shape).toEqual(weight.shape);
    const bits = format.isFloat ? 11 : Number(/^int(\d)/.exec(name)![1]);
    // 4 bits may clip the greatest of a block to make its other steps finer.
    const steps = 7 / (2 ** (bits - 1) - 1);
    back.data.forEach((x, i) => {
      expect(Math.abs(x - weight.data[i])).toBeLessThan(bits === 4 ? 7 * 0.21 : steps / 2 + 1e-6);
    });
  });

  test("a graph of floats rounds to the same bits", async () => {
    const w = input("w", "float32", [2, IN]);
    const { bytes } = encodeModel(graphOf({ y: format.fake(w) }));
    await using session = await openSession(bytes);
    const most = format.isFloat ? 15 : 100;
    const number = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** most), max: 2 ** most }),
      fc.integer({ min: -16, max: 16 }).map((n) => n / 2),
      fc.constant(0),
    );
    const matrix = fc.array(number, { minLength: 2 * IN, maxLength: 2 * IN });
    await fc.assert(
      fc.asyncProperty(matrix, async (values) => {
        const given = floats(values, [2, IN]);
        const wanted = format.dequantize(format.quantize(given)).data;
        const found = (await session.run({ w: given })).y.data as Float32Array;
        // Zero has two signs, which are one number.
        expect(found.map((x) => x + 0)).toEqual(wanted.map((x) => x + 0));
      }),
      { numRuns: 200 },
    );
  });

  test("its gradient passes straight through that graph", async () => {
    const w = input("w", "float32", [OUT, IN]);
    const slope = numbers(OUT, 5);
    const [g] = grad(reduceSum(mul(format.fake(w), constant(slope)), { axes: [0, 1] }), [w]);
    const { bytes } = encodeModel(graphOf({ g }));
    await using session = await openSession(bytes);
    expect((await session.run({ w: weight })).g.data).toEqual(slope.data);
  });

  // What rounds activations by a calibrated range is not trained for.
  test.runIf(format.product && !format.calibrated)(
    "a product of floats sees what that of codes does",
    async () => {
      const x = numbers(5, 2);
      const { weights } = weightInputs();
      const layer = linear(input("x", "float32", ["T", IN]), weights, { in: IN, out: OUT });
      const [y] = fakeQuantizeWeights([layer], new Map([["weight", format]]));
      await using session = await openSession(encodeModel(graphOf({ y })).bytes);
      const found = (await session.run({ x, weight, bias })).y.data as Float32Array;
      // Blocks round their activations too, which training does not see.
      const atol = format.fakeInput ? 1e-3 : 5;
      expect(found).toBeClose(await product(format, x), { rtol: 1e-4, atol });
    },
  );

  test.runIf(format.product)("multiplies what comes back with rows of int8", async () => {
    const x = numbers(5, 2);
    // In blocks, rows are rounded block by block too.
    const block = Number(/block(\d+)/.exec(name)?.[1] ?? IN);
    const rounded = format.calibrated ? inRange(x) : dequantizeRows(quantizeRows(x, { block }));
    const wanted = multiply(rounded, format.dequantize(format.quantize(weight)));
    expect(await product(format, x)).toBeClose(wanted, { rtol: 1e-4, atol: 1e-3 });
  });

  test.runIf(format.back)(
    "takes a gradient back through what comes back, rounded by rows",
    async () => {
      const g = floats(numbers(3, 4).data.slice(0, 5 * OUT), [5, OUT]);
      const { "": lying, _scale: scale } = format.quantize(weight);
      const scaled = g.data.map((x, i) => x * (scale.data as Float32Array)[i % OUT]);
      const rounded = dequantizeRows(quantizeRows(floats(scaled, [5, OUT])));
      const codes = lying.data as Int8Array;
      const wanted = Float64Array.from({ length: 5 * IN }, (_, at) => {
        const [row, column] = [Math.floor(at / IN), at % IN];
        let sum = 0;
        for (let o = 0; o < OUT; o++) sum += rounded.data[row * OUT + o] * codes[o * IN + column];
        return sum;
      });
      const read = input("weight", "float32", [OUT, IN]);
      const [y] = quantizeWeights(
        [matmul(input("g", "float32", ["T", OUT]), read)],
        new Map([["weight", format]]),
      );
      const weights = new Map(inputsOf("weight", format, format.quantize(weight)));
      await using session = await openSession(encodeModel(graphOf({ y }), { weights }).bytes);
      const found = (await session.run({ g })).y.data as Float32Array;
      expect(found).toBeClose(wanted, { rtol: 1e-4, atol: 1e-3 });
    },
  );

  test.runIf(format.product)("a row does not depend on its company", async () => {
    const x = numbers(3, 2);
    const alone = await product(format, x);
    const wild = floats([...x.data, ...numbers(1, 3).data.map((v) => 1000 * v)], [4, IN]);
    const together = await product(format, wild);
    expect(together.subarray(0, 3 * OUT)).toBeClose(alone, { rtol: 1e-5, atol: 1e-5 });
  });

  test.runIf(format.product)("a row of zeros gives the bias", async () => {
    const found = await product(format, floats(new Float32Array(IN), [1, IN]));
    expect(found).toBeClose(bias.data, { rtol: 0, atol: 1e-6 });
  });

  test.runIf(format.rows)("rows of a table are looked up as codes", async () => {
    const table = input("table", "float32", ["V", IN]);
    const [y] = quantizeWeights(
      [gather(table, input("ids", "int32", ["T"]))],
      new Map([["table", format]]),
    );
    const parts = format.quantize(weight);
    const { bytes } = encodeModel(graphOf({ y }), {
      weights: new Map(inputsOf("table", format, parts)),
    });
    await using session = await openSession(bytes);
    const found = (await session.run({ ids: ints([4, 0, 4]) })).y.data as Float32Array;
    const back = format.dequantize(parts).data;
    const row = (i: number) => [...back.subarray(i * IN, (i + 1) * IN)];
    expect(found).toBeClose([...row(4), ...row(0), ...row(4)], { rtol: 1e-6, atol: 1e-6 });
  });

  test.runIf(format.rows)("rows of a table are rounded once they are looked up", async () => {
    const table = input("table", "float32", ["V", IN]);
    const looked = gather(table, input("ids", "int32", ["T"]));
    const [y] = fakeQuantizeWeights([looked], new Map([["table", format]]));
    await using session = await openSession(encodeModel(graphOf({ y })).bytes);
    const found = (await session.run({ ids: ints([4, 0]), table: weight })).y.data;
    const back = format.dequantize(format.quantize(weight)).data;
    expect(found).toEqual(
      Float32Array.of(...back.subarray(4 * IN, 5 * IN), ...back.subarray(0, IN)),
    );
  });

  test("moments of another width are refused, or not looked at", () => {
    const narrow = floats(new Float32Array(4), [2, 2]);
    const run = () => format.quantize(weight, narrow);
    if (name.startsWith("int4")) expect(run).toThrow(/moments of rows of another width/);
    else expect(run()).toEqual(format.quantize(weight));
  });
});

test("what is beside a weight is called after its layer", () => {
  expect(partName("layer.0.weight", "_scale")).toBe("layer.0.weight_scale");
  expect(partName("layer.0.weight", ".input_scale")).toBe("layer.0.input_scale");
});

test.each([
  { range: { low: -1.28, high: 1.27 }, scale: 0.01, zero: 0, why: "0 in the middle" },
  { range: { low: -0.17, high: 25.33 }, scale: 0.1, zero: -126, why: "most above 0" },
  { range: { low: 2, high: 5.1 }, scale: 0.02, zero: -128, why: "0 is always in it" },
  { range: { low: -5.1, high: -1 }, scale: 0.02, zero: 127, why: "below 0 alone" },
  { range: { low: 0, high: 0 }, scale: 1e-6 / 255, zero: -128, why: "nothing but zeros" },
])("calibrated activations: $why", ({ range, scale, zero }) => {
  const parts = weightFormats["int8-static"].calibrated!(range).quantize(weight);
  expect(parts[".input_scale"].data[0]).toBeCloseTo(scale, 6);
  expect(parts[".input_zero_point"].data[0]).toBe(zero);
});

test("a format that holds a range is no good without", () => {
  expect(() => weightFormats["int8-static"].quantize(weight)).toThrow(/Calibrate it first/);
});

test("an unknown name says what there is", () => {
  expect(() => parseWeightFormat("int3")).toThrow(/got int3, wanted one of int8, .*int4-block32/);
});

test("what float16 can't hold is refused", () => {
  const large = floats([1, 1e6], [1, 2]);
  expect(() => weightFormats.float16.quantize(large)).toThrow(/too large.*got 1000000/);
});

test("rows that no block divides are refused", () => {
  const odd = floats(new Float32Array(3 * 40), [3, 40]);
  expect(() => weightFormats["int4-block32"].quantize(odd)).toThrow(
    /rows of 40, wanted a multiple of 32/,
  );
});
