import { describe, expect, test } from "vitest";
import { graphOf } from "../src/graph/node.ts";
import { infoNce } from "../src/losses/index.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { poolingHead } from "../src/models/head.ts";
import { pack } from "../src/nn/pack.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { poolWeights } from "../src/nn/pooling.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { AdamW, type Moments } from "../src/optim/adamw.ts";
import { RowSums } from "../src/optim/row-sums.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";
import { GradientComputer } from "../src/train/gradients.ts";
import { densified } from "./densified.ts";
import { goldenJson, goldenModel, goldenTensors, unpad } from "./golden.ts";

const folder = "models/bert";
const { architecture, config, checkpoint } = goldenModel("bert");
const golden = goldenTensors(`${folder}/golden`);
const { lengths } = goldenJson<{ lengths: number[] }>(`${folder}/golden`);
const texts = unpad(golden.get("input_ids")!, lengths);
const types = unpad(golden.get("token_type_ids")!, lengths);

function weightsOf(): Record<string, Tensor> {
  return Object.fromEntries(
    [...checkpoint].map(([name, { shape, data }]) => [
      name,
      floats((data as Float32Array).slice(), shape),
    ]),
  );
}

async function encode(sequences: readonly (readonly number[])[], tokenTypes: number[][]) {
  const packed = pack(sequences, { poolWeights: poolWeights(["mean"]), tokenTypes });
  const layout = packedLayout(packed.blocks, { tokenTypes: true });
  const { tokens } = encoderGraph(architecture, config, poolingHead(), layout);
  await using session = await openSession(encodeModel(graphOf({ tokens })).bytes);
  const found = await session.run({ ...weightsOf(), ...packed.feeds });
  return { packed, tokens: found.tokens.data as Float32Array };
}

/** Token vectors in the golden's padded order: longest first is how they are packed. */
function unpacked({ packed, tokens }: Awaited<ReturnType<typeof encode>>, width: number) {
  const out = new Float32Array(5 * 40 * width);
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a]);
  let from = 0;
  for (const i of order) {
    const size = lengths[i] * width;
    out.set(tokens.subarray(from, from + size), i * 40 * width);
    from += size;
  }
  expect(packed.tokens * width).toBe(from);
  return out;
}

const hidden = { rtol: 1e-4, atol: 3e-5 };

describe("hidden states and pooled vectors of BertModel", () => {
  test("with token types", async () => {
    const run = await encode(texts, types);
    const wanted = golden.get("last_hidden_state_token_types")!.data as Float32Array;
    expect(unpacked(run, 32)).toBeClose(wanted, hidden);
  });
});

const io = goldenTensors(`${folder}/grads_io`);
const grads = goldenJson<{ loss: number; lengths: number[]; gradient_abs_max: number }>(
  `${folder}/grads`,
);
const batch = { sequences: unpad(io.get("input_ids")!, grads.lengths) };
const encoding = { architecture, config, head: poolingHead(), dropout: false };
const objective = { loss: infoNce(), columns: 2, labels: 0, identity: false };

function computer(chunkSize: number, { dropout = false } = {}) {
  return new GradientComputer({ ...encoding, dropout }, [objective], { chunkSize, seed: 1 });
}

describe("gradients", () => {
  test("with dropout, both paths drop the same elements", async () => {
    const weights = weightsOf();
    const results = [];
    for (const chunkSize of [8, 3]) {
      await using compute = computer(chunkSize, { dropout: true });
      const found = await compute.compute(weights, batch, 7);
      results.push({ loss: found.loss, all: densified(found, weights) });
    }
    const [fused, cached] = results as [(typeof results)[0], (typeof results)[0]];
    expect(Math.abs(fused.loss - grads.loss)).toBeGreaterThan(0.01);
    expect([cached.loss]).toBeClose([fused.loss], { rtol: 1e-5, atol: 0 });
    for (const [name, data] of fused.all) {
      expect(cached.all.get(name), name).toBeClose(data, {
        rtol: 0,
        atol: 3e-5 * grads.gradient_abs_max,
      });
    }
  });
});

test("four AdamW steps end where torch's do", async () => {
  const after = goldenTensors(`${folder}/after4`);
  const recorded = goldenJson<{ losses_before_each_step: number[] }>(`${folder}/after4`);
  await using compute = computer(8);
  const weights = weightsOf();
  const moments = new Map<string, Moments>();
  const momentsOf = (name: string, table: boolean) => {
    const { shape, data } = weights[name];
    const found = moments.get(name) ?? AdamW.moments(data.length, table ? shape[0] : undefined);
    moments.set(name, found);
    return found;
  };
  const optimizer = new AdamW({ weightDecay: 0.01 });
  for (const loss of recorded.losses_before_each_step) {
    for (const table of architecture.tables) {
      optimizer.settle(weights[table].data as Float32Array, momentsOf(table, true));
    }
    const found = await compute.compute(weights, batch, 0);
    expect([found.loss]).toBeClose([loss], { rtol: 2e-5, atol: 1e-6 });
    optimizer.beginStep(1e-3);
    for (const [name, gradient] of found.dense) {
      optimizer.update(weights[name].data as Float32Array, gradient, momentsOf(name, false));
    }
    for (const [name, updates] of found.rows) {
      const { shape, data } = weights[name];
      const summed = new RowSums(shape[0], shape[1]).sum(updates);
      optimizer.updateRows(data as Float32Array, summed, momentsOf(name, true));
    }
  }
  for (const table of architecture.tables) {
    optimizer.settle(weights[table].data as Float32Array, momentsOf(table, true));
  }
  for (const [name, { data }] of after) {
    if (name.endsWith("key.bias")) {
      // Its true gradient is 0: Adam divides noise by noise, so only the size of the change can be asked for (goldens/README.md).
      const start = checkpoint.get(name)!.data as Float32Array;
      expect(weights[name].data as Float32Array, name).toBeClose(start, { rtol: 0, atol: 4.1e-3 });
      continue;
    }
    const atol = 1e-5;
    expect(weights[name].data as Float32Array, name).toBeClose(data as Float32Array, {
      rtol: 0,
      atol,
    });
  }
});
