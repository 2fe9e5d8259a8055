import { expect, test } from "vitest";
import { graphOf, input } from "../graph/node.ts";
import { add, mul } from "../graph/ops/index.ts";
import { encodeModel } from "../onnx/encode.ts";
import { floats } from "../tensor/tensor.ts";
import { openSessionPool } from "./session-pool.ts";

const x = input("x", "float32", ["N"]);
const { bytes } = encodeModel(graphOf({ y: add(mul(x, x), 1) }));

test("runs that are asked for at once each come back with their own result", async () => {
  await using pool = await openSessionPool(bytes, { workers: 3 });
  expect(pool.inputNames).toEqual(["x"]);
  expect(pool.outputNames).toEqual(["y"]);
  const asked = Array.from({ length: 20 }, (_, i) => i);
  const found = await Promise.all(
    asked.map(async (i) => (await pool.run({ x: floats([i]) })).y.data[0]),
  );
  expect(found).toEqual(asked.map((i) => i * i + 1));
});

test("a run that fails does not take its session with it", async () => {
  await using pool = await openSessionPool(bytes, { workers: 1 });
  await expect(pool.run({})).rejects.toThrow(/not fed/);
  const { y } = await pool.run({ x: floats([3]) });
  expect(y.data[0]).toBe(10);
});

test("a model that ONNX Runtime does not take is refused, and no worker is left", async () => {
  const opening = openSessionPool(Uint8Array.of(1, 2, 3), { workers: 2 });
  await expect(opening).rejects.toThrow(/does not accept/);
});
