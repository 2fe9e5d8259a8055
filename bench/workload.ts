/** The model and the batches that ours and its peers are given alike. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillNormal, sequence } from "../src/graph/rng.ts";
import { type BertConfig, parseBertConfig } from "../src/models/bert.ts";
import { configReader } from "../src/models/config.ts";
import { encoderGraph } from "../src/models/encoder-graph.ts";
import { poolingHead } from "../src/models/head.ts";
import { architectures } from "../src/models/registry.ts";
import { packedLayout } from "../src/nn/packed-layout.ts";
import { writeSafetensors } from "../src/tensor/safetensors.ts";
import { floats, sizeOf, type Tensor } from "../src/tensor/tensor.ts";

/** The size of MiniLM-L6, in the spelling of `config.json`. */
export const configJson = {
  model_type: "bert",
  architectures: ["BertModel"],
  vocab_size: 30_522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1_536,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_act: "gelu",
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

export const config: BertConfig = parseBertConfig(configReader(configJson, "the bench's config"));
export const architecture = architectures.bert;
export const head = poolingHead();

/** Fresh weights as BERT begins: normal of deviation 0.02, norms 1, biases 0; the same for the same seed. */
export function makeWeights(seed = 1): Map<string, Tensor<"float32">> {
  const { weights } = encoderGraph(architecture as never, config, head, packedLayout(1));
  return new Map(
    [...weights].map(([name, value], index) => {
      const shape = value.shape.map((dim) => (dim === "V" ? config.vocabSize : (dim as number)));
      const data = new Float32Array(sizeOf(shape));
      if (name.endsWith("LayerNorm.weight")) data.fill(1);
      else if (!name.endsWith("bias")) fillNormal(data, { seed, stream: [index], std: 0.02 });
      return [name, floats(data, shape)];
    }),
  );
}

/** Random token ids of the given lengths, clear of special tokens. */
export function makeBatch(lengths: readonly number[], seed = 1): number[][] {
  const next = sequence(seed, lengths.length);
  return lengths.map((length) =>
    Array.from({ length }, () => 1_000 + Math.floor(next() * (config.vocabSize - 1_000))),
  );
}

/** `count` lengths spread evenly from `shortest` to `longest`, in an order that does not follow them. */
export function mixedLengths(count: number, shortest: number, longest: number): number[] {
  // 7 and a power of two have no common factor: every length comes once, far from its neighbours.
  return Array.from({ length: count }, (_, i) =>
    Math.round(shortest + ((longest - shortest) * ((i * 7) % count)) / (count - 1)),
  );
}

/** A folder with the model as transformers reads it, removed with `await using`. */
export async function saveForPeers(weights: ReadonlyMap<string, Tensor>) {
  const path = await mkdtemp(join(tmpdir(), "nearfold-bench-"));
  await writeFile(join(path, "config.json"), JSON.stringify(configJson));
  await writeSafetensors(join(path, "model.safetensors"), weights, { metadata: { format: "pt" } });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
