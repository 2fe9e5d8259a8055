import { describe, expect, test } from "vitest";
import { graphOf, input } from "../src/graph/node.ts";
import { type BatchKind, batchingOf } from "../src/nn/batching.ts";
import type { Packed } from "../src/nn/pack.ts";
import {
  normalize,
  type Pooling,
  type PoolingMode,
  pool,
  poolingModes,
} from "../src/nn/pooling.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";
import { goldenJson, goldenTensors } from "./golden.ts";

const golden = goldenTensors("pooling/pooling");
const { dim } = goldenJson<{ dim: number }>("pooling/pooling");
const vectors = golden.get("token_embeddings")!;
const [count, width] = vectors.shape;
const PROMPT = 2;

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
    Array.from(feeds.input_ids.data as ArrayLike<number | bigint>, Number).flatMap((token) => [
      ...data.subarray(token * dim, (token + 1) * dim),
    ]),
  );
}

async function pooled(
  pooling: readonly PoolingMode[],
  sequences: readonly number[][],
  { batches, prompt = 0 }: { readonly batches: BatchKind; readonly prompt?: number },
) {
  const rule: Pooling = { pooling, includePrompt: prompt === 0 };
  const batching = batchingOf({ batches }, rule);
  const made = batching.pack(sequences, { promptTokens: sequences.map(() => prompt) });
  const bags = batches === "bags" && !pooling.includes("max");
  const x = input("x", "float32", [bags ? "U" : "T", dim]);
  const out = pool(x, batching.layout(), pooling);
  await using session = await openSession(
    encodeModel(graphOf({ out, unit: normalize(out) })).bytes,
  );
  const rows = rowsOf(made);
  return await session.run({ ...made.feeds, x: floats(rows, [rows.length / dim, dim]) });
}

const close = { rtol: 1e-5, atol: 1e-6 };
const kinds: readonly BatchKind[] = ["packed", "bags", "padded"];
const single = poolingModes.map((mode) => [mode] as const);

describe.each(["right", "left"])("%s padding, as sentence-transformers' Pooling", (side) => {
  const sequences = tokensOf(`mask_${side}`);
  const cases = [...single, ["cls", "mean"] as const];
  test.each(kinds.flatMap((batches) => cases.map((modes) => [batches, modes] as const)))(
    "%s: %j",
    async (batches, modes) => {
      const name = `${side}.${modes.join("+")}`;
      const { out, unit } = await pooled(modes, sequences, { batches });
      expect(out.data).toBeClose(golden.get(name)!.data as Float32Array, close);
      expect(unit.data).toBeClose(golden.get(`${name}.normalized`)!.data as Float32Array, close);
    },
  );
});

describe.each(kinds)("%s", (batches) => {
  test.each(poolingModes)("%s without the prompt", async (mode) => {
    // Two texts of the golden are longer than the prompt; beside them, others must not matter.
    const sequences = tokensOf("mask_right");
    const { out } = await pooled([mode], sequences, { batches, prompt: PROMPT });
    const wanted = golden.get(`noprompt.${mode}`)!.data as Float32Array;
    expect((out.data as Float32Array).slice(2 * dim)).toBeClose(wanted, close);
  });

  test.each(poolingModes)("%s of nothing but a prompt is 0", async (mode) => {
    const sequences = tokensOf("mask_right").slice(1, 2);
    const { out } = await pooled([mode], sequences, { batches, prompt: PROMPT });
    expect(sequences[0].length).toBe(PROMPT);
    expect(out.data).toBeClose(new Float32Array(dim), { rtol: 0, atol: 0 });
  });

  test.each([
    [["max", "mean"]],
    [["mean", "max", "lasttoken"]],
    [["weightedmean", "cls", "max", "mean"]],
  ] as const)("%j are its modes, end to end", async (modes) => {
    const sequences = tokensOf("mask_right");
    const { out } = await pooled(modes, sequences, { batches });
    const all = modes.length * dim;
    expect(out.shape).toEqual([count, all]);
    modes.forEach((mode, at) => {
      const wanted = golden.get(`right.${mode}`)!.data as Float32Array;
      for (let b = 0; b < count; b++) {
        const found = (out.data as Float32Array).subarray(b * all + at * dim).slice(0, dim);
        expect(found).toBeClose(wanted.slice(b * dim, (b + 1) * dim), close);
      }
    });
  });
});
