import { describe, expect, test } from "vitest";
import { goldenTensors } from "../../test/golden.ts";
import { type Array64, array64 } from "../graph/array64.ts";
import { input } from "../graph/node.ts";
import { gather } from "../graph/ops/index.ts";
import { evaluate, toArray64 } from "../graph/reference.ts";
import { paddedLayout } from "./padded-layout.ts";
import { normalize, type PoolingMode, pool, poolingModes } from "./pooling.ts";

const golden = goldenTensors("pooling/pooling");
const tokens = toArray64(golden.get("token_embeddings")!);
const [batch, length, width] = tokens.shape as [number, number, number];

function pooled(mode: PoolingMode, mask: Array64, normalized = false) {
  const layout = paddedLayout([mode]);
  const rows = input("rows", "float32", ["T", width]);
  // Token `t` of the batch has id `t`, and row `t`.
  const x = gather(rows, layout.ids);
  const vectors = pool(x, layout, [mode]);
  return evaluate(
    [normalized ? normalize(vectors) : vectors],
    new Map([
      [
        "input_ids",
        array64(
          [batch, length],
          Float64Array.from({ length: batch * length }, (_, i) => i),
        ),
      ],
      ["attention_mask", mask],
      ["rows", array64([batch * length, width], tokens.data)],
    ]),
  )[0];
}

describe.each(["right", "left"])("padded on the %s", (side) => {
  const mask = toArray64(golden.get(`mask_${side}`)!);
  test.each(poolingModes)("%s as sentence-transformers", (mode) => {
    for (const normalized of [false, true]) {
      const name = `${side}.${mode}${normalized ? ".normalized" : ""}`;
      const wanted = golden.get(name)!;
      const found = pooled(mode, mask, normalized);
      expect(found.shape, name).toEqual(wanted.shape);
      expect(found.data, name).toBeClose(wanted.data as Float32Array, { rtol: 1e-5, atol: 1e-6 });
    }
  });
});

test.each(poolingModes.filter((mode) => mode !== "max"))(
  "%s of a text without tokens is 0",
  (mode) => {
    const none = array64([batch, length], new Float64Array(batch * length));
    expect([...pooled(mode, none).data]).toEqual([...new Float64Array(batch * width)]);
  },
);

test("heads there and back are the rows again; positions count in each sequence", () => {
  const layout = paddedLayout(["mean"]);
  const x = input("x", "float32", ["T", 6]);
  const [heads] = layout.toHeads(x, 2);
  const back = layout.fromHeads([heads], 2);
  const data = Float64Array.from({ length: 36 }, (_, i) => i);
  const ids = array64([2, 3], new Float64Array(6));
  const [h, again, positions] = evaluate(
    [heads, back, layout.positions],
    new Map([
      ["x", array64([6, 6], data)],
      ["input_ids", ids],
      ["attention_mask", array64([2, 3], Float64Array.of(1, 1, 1, 0, 1, 1))],
    ]),
  );
  expect(h.shape).toEqual([2, 2, 3, 3]);
  expect([...h.data.slice(0, 9)]).toEqual([0, 1, 2, 6, 7, 8, 12, 13, 14]);
  expect([...again.data]).toEqual([...data]);
  expect([...positions.data]).toEqual([0, 1, 2, 0, 0, 1]);
});
