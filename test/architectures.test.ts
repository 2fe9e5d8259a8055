/**
 * What every architecture owes: the hidden states, pooled vectors and gradients that transformers computes on the golden checkpoints
 * (goldens/README.md), packed or padded, from both spellings of its config.
 */
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { graphOf } from "../src/graph/node.ts";
import { infoNce } from "../src/losses/index.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { exportGraph } from "../src/models/export.ts";
import { poolingHead } from "../src/models/head.ts";
import { pack } from "../src/nn/pack.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { type PoolingMode, poolWeights } from "../src/nn/pooling.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { longs, type Tensor } from "../src/tensor/tensor.ts";
import { GradientComputer } from "../src/train/gradients.ts";
import { densified } from "./densified.ts";
import { goldenJson, goldenModel, goldenTensors, unpad } from "./golden.ts";

const home = new URL("goldens/models/", import.meta.url);
const names = readdirSync(home).sort();
const LONGEST = 40;
const hidden = { rtol: 1e-4, atol: 3e-5 };
const pooled = { rtol: 1e-4, atol: 1e-5 };

describe.each(names)("%s", (name) => {
  const { architecture, config, checkpoint } = goldenModel(name);
  const golden = goldenTensors(`models/${name}/golden`);
  const { lengths } = goldenJson<{ lengths: number[] }>(`models/${name}/golden`);
  const texts = unpad(golden.get("input_ids")!, lengths);
  const width = architecture.width(config);
  const wanted = (key: string) => golden.get(key)!.data as Float32Array;
  const weights = checkpoint as Map<string, Tensor<"float32">>;

  async function encode(
    sequences: readonly (readonly number[])[],
    pooling: PoolingMode,
    { maxBlocks = 3, normalize = false, tokenTypes }: EncodeOptions = {},
  ) {
    const packed = pack(sequences, {
      poolWeights: poolWeights([pooling]),
      maxBlocks,
      ...(tokenTypes && { tokenTypes }),
    });
    const head = poolingHead(pooling, { normalize });
    const layout = packedLayout(packed.blocks, { tokenTypes: tokenTypes !== undefined });
    const { tokens, embeddings } = encoderGraph(architecture, config, head, layout);
    await using session = await openSession(encodeModel(graphOf({ tokens, embeddings })).bytes);
    const found = await session.run({ ...Object.fromEntries(weights), ...packed.feeds });
    return {
      tokens: found.tokens.data as Float32Array,
      embeddings: found.embeddings.data as Float32Array,
    };
  }

  test.each([1, 2, 3])("hidden states, packed in at most %i blocks", async (maxBlocks) => {
    const { tokens } = await encode(texts, "mean", { maxBlocks });
    expect(inRows(tokens, lengths, width)).toBeClose(wanted("last_hidden_state"), hidden);
  });

  const types = golden.get("token_type_ids");
  // What a golden does not have is no test of it: a skip would say that something is missing here.
  if (types)
    test("hidden states with token types", async () => {
      const { tokens } = await encode(texts, "mean", { tokenTypes: unpad(types!, lengths) });
      expect(inRows(tokens, lengths, width)).toBeClose(
        wanted("last_hidden_state_token_types"),
        hidden,
      );
    });

  test.each([
    ["mean", "mean", false],
    ["cls", "cls", false],
    ["lasttoken", "last", false],
    ["mean", "mean_normalized", true],
    ["cls", "cls_normalized", true],
    ["lasttoken", "last_normalized", true],
  ] as const)("pooling %s is %s", async (mode, key, normalize) => {
    const { embeddings } = await encode(texts, mode, { normalize });
    expect(embeddings).toBeClose(wanted(key), pooled);
  });

  test("a vector does not depend on its company", async () => {
    const { embeddings } = await encode(texts, "mean", { normalize: true });
    for (const [i, text] of texts.entries()) {
      const alone = await encode([text], "mean", { normalize: true });
      const together = embeddings.slice(i * width, (i + 1) * width);
      expect(alone.embeddings).toBeClose(together, { rtol: 0, atol: 2e-6 });
    }
  });

  test.each(["right", "left"] as const)("exported, padded on the %s", async (side) => {
    const head = poolingHead("mean", { normalize: false });
    const { bytes } = encodeModel(exportGraph({ architecture, config, head }), { weights });
    await using session = await openSession(bytes);
    const found = await session.run(padded(texts, side));
    const states = found.last_hidden_state.data as Float32Array;
    const rows = texts.flatMap(({ length }, i) => {
      const from = (i * LONGEST + (side === "left" ? LONGEST - length : 0)) * width;
      const row = new Float32Array(LONGEST * width);
      row.set(states.subarray(from, from + length * width));
      return [...row];
    });
    expect(rows).toBeClose(wanted("last_hidden_state"), { rtol: 1e-4, atol: 5e-5 });
    expect(found.sentence_embedding.data as Float32Array).toBeClose(wanted("mean"), pooled);
  });

  const legacy = existsSync(new URL(`${name}/config.legacy.json`, home));
  if (legacy)
    test("the older spelling of its config says the same", () => {
      expect(goldenModel(name, "config.legacy").config).toEqual(config);
    });

  const graded = existsSync(new URL(`${name}/grads.json`, home));
  if (graded)
    test.each([
      ["one graph", 8],
      ["gradient caching, chunks of 3", 3],
      ["gradient caching, one sequence at a time", 1],
    ])("gradients of every parameter: %s", async (_, chunkSize) => {
      const io = goldenTensors(`models/${name}/grads_io`);
      const facts = goldenJson<GradientFacts>(`models/${name}/grads`);
      const { pooling } = goldenJson<{ pooling: string }>(`models/${name}/golden`);
      const mode: PoolingMode = pooling === "last" ? "lasttoken" : "mean";
      const encoding = { architecture, config, head: poolingHead(mode), dropout: false };
      const objective = { loss: infoNce(), columns: 2, labels: 0, identity: false };
      await using computer = new GradientComputer(encoding, [objective], { chunkSize, seed: 1 });
      const sequences = unpad(io.get("input_ids")!, facts.lengths);
      const live = Object.fromEntries(weights);
      const found = await computer.compute(live, { sequences }, 0);
      expect([found.loss]).toBeClose([facts.loss], { rtol: 1e-5, atol: 0 });
      const all = densified(found, live);
      const atol = 1e-5 * facts.gradient_abs_max;
      for (const [weight, { data }] of goldenTensors(`models/${name}/grads`)) {
        const still = (data as Float32Array).every((value) => value === 0);
        if (still && !all.has(weight)) continue;
        expect(all.get(weight), weight).toBeClose(data as Float32Array, { rtol: 0, atol });
      }
    });
});

interface EncodeOptions {
  readonly maxBlocks?: number;
  readonly normalize?: boolean;
  readonly tokenTypes?: readonly (readonly number[])[];
}

interface GradientFacts {
  readonly loss: number;
  readonly lengths: number[];
  readonly gradient_abs_max: number;
}

/** Packed token vectors (longest sequence first) in the golden's padded order. */
function inRows(tokens: Float32Array, lengths: readonly number[], width: number): Float32Array {
  const out = new Float32Array(lengths.length * LONGEST * width);
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a]);
  let from = 0;
  for (const i of order) {
    const size = lengths[i] * width;
    out.set(tokens.subarray(from, from + size), i * LONGEST * width);
    from += size;
  }
  return out;
}

function padded(texts: readonly (readonly number[])[], side: "left" | "right") {
  const [ids, mask] = [0, 0].map(() => Array<number>(texts.length * LONGEST).fill(0));
  texts.forEach((text, i) => {
    const from = i * LONGEST + (side === "left" ? LONGEST - text.length : 0);
    text.forEach((id, at) => {
      ids[from + at] = id;
      mask[from + at] = 1;
    });
  });
  const shape = [texts.length, LONGEST];
  return { input_ids: longs(ids, shape), attention_mask: longs(mask, shape) };
}
