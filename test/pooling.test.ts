import { describe, expect, test } from "vitest";
import { graphOf, input } from "../src/graph/node.ts";
import { bagLayout, packBags } from "../src/nn/bag-layout.ts";
import { type Packed, pack } from "../src/nn/pack.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { normalize, pool, poolingModes, poolWeights } from "../src/nn/pooling.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";
import { goldenJson, goldenTensors } from "./golden.ts";

const golden = goldenTensors("pooling/pooling");
const { dim } = goldenJson<{ dim: number }>("pooling/pooling");
const vectors = golden.get("token_embeddings")!;
const [count, width] = vectors.shape;

/** The token numbers (row of the golden) that a mask leaves of each sequence. */
function tokensOf(mask: string): number[][] {
  const kept = golden.get(mask)!.data;
  return Array.from({ length: count }, (_, b) =>
    [...Array(width).keys()].flatMap((s) =>
      Number(kept[b * width + s]) === 1 ? [b * width + s] : [],
    ),
  );
}

/** The vectors of the tokens that a packed batch holds, row by row: its ids are token numbers. */
function rowsOf({ feeds }: Packed): Float32Array {
  const data = vectors.data as Float32Array;
  return Float32Array.from(
    [...(feeds.input_ids.data as Int32Array)].flatMap((token) => [
      ...data.subarray(token * dim, (token + 1) * dim),
    ]),
  );
}

async function pooled(mode: (typeof poolingModes)[number], mask: string, bags: boolean) {
  const made = (bags ? packBags : pack)(tokensOf(mask), { poolWeights: poolWeights(mode) });
  const layout = bags ? bagLayout() : packedLayout(made.blocks);
  const x = input("x", "float32", [bags ? "U" : "T", dim]);
  const out = pool(x, layout, mode);
  await using session = await openSession(
    encodeModel(graphOf({ out, unit: normalize(out) })).bytes,
  );
  const rows = rowsOf(made);
  return await session.run({ ...made.feeds, x: floats(rows, [rows.length / dim, dim]) });
}

const close = { rtol: 1e-5, atol: 1e-6 };

describe.each(["right", "left"])("%s padding, as sentence-transformers' Pooling", (side) => {
  test.each(poolingModes)("%s", async (mode) => {
    const { out, unit } = await pooled(mode, `mask_${side}`, false);
    expect(out.data).toBeClose(golden.get(`${side}.${mode}`)!.data as Float32Array, close);
    expect(unit.data).toBeClose(
      golden.get(`${side}.${mode}.normalized`)!.data as Float32Array,
      close,
    );
  });

  test.each(poolingModes.filter((mode) => mode !== "max"))(
    "%s, as bags of tokens",
    async (mode) => {
      const { out } = await pooled(mode, `mask_${side}`, true);
      expect(out.data).toBeClose(golden.get(`${side}.${mode}`)!.data as Float32Array, close);
    },
  );
});
