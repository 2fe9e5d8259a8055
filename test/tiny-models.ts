/** Two whole models small enough for tests: the golden BERT and a static table, with tokenizers trained on the spot. */
import { fillNormal } from "../src/graph/index.ts";
import { newCard } from "../src/models/card.ts";
import { configReader } from "../src/models/config.ts";
import { type Model, poolingHead } from "../src/models/index.ts";
import { architectureOf } from "../src/models/registry.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";
import { toTokenizer, trainWordPiece } from "../src/text/index.ts";
import { goldenJson, goldenTensors } from "./golden.ts";

/** Of many lengths, one of them empty, one longer than the models take. */
export const texts = [
  "the quick brown fox jumps over the lazy dog",
  "a",
  "",
  "Vectors of one space may be compared; those of two may not.",
  "café ☕ naïve 東京",
  "getElementById(id: string): HTMLElement | null",
  Array.from({ length: 90 }, (_, i) => `word ${i} of a long text`).join(", "),
  "the lazy fox",
];

const prompts = { query: "query: ", document: "" };

function tokenizer(wrap: boolean) {
  return toTokenizer(trainWordPiece(texts, { vocabSize: 512, wrap, splitIdentifiers: !wrap }));
}

/** The checkpoint of `goldens/models/bert`: 2 layers, 32 dimensions, texts of 60 tokens. */
export function tinyBert(): Model {
  const configJson = goldenJson<Record<string, unknown>>("models/bert/config");
  const weights = goldenTensors("models/bert/model") as Map<string, Tensor<"float32">>;
  return model("tiny-bert", { configJson, weights, wrap: true, maxTokens: 60, dims: [32, 16] });
}

/** The checkpoint of `goldens/models/llama`: a decoder of 2 layers, 32 dimensions, texts of 60 tokens. */
export function tinyLlama(): Model {
  const configJson = goldenJson<Record<string, unknown>>("models/llama/config");
  const weights = goldenTensors("models/llama/model") as Map<string, Tensor<"float32">>;
  return model("tiny-llama", { configJson, weights, wrap: true, maxTokens: 60, dims: [32, 16] });
}

/** 48 dimensions, texts of 100 tokens. */
export function tinyStatic(): Model {
  const [vocab_size, hidden_size] = [512, 48];
  const configJson = { model_type: "static", vocab_size, hidden_size };
  const table = fillNormal(new Float32Array(vocab_size * hidden_size), { seed: 7, std: 1 });
  const weights = new Map([["embedding.weight", floats(table, [vocab_size, hidden_size])]]);
  return model("tiny-static", { configJson, weights, wrap: false, maxTokens: 100, dims: [48, 12] });
}

interface Parts {
  readonly configJson: Record<string, unknown>;
  readonly weights: ReadonlyMap<string, Tensor<"float32">>;
  readonly wrap: boolean;
  readonly maxTokens: number;
  readonly dims: readonly [number, ...number[]];
}

function model(name: string, { configJson, weights, wrap, maxTokens, dims }: Parts): Model {
  const architecture = architectureOf(configJson.model_type, name);
  return {
    name,
    architecture,
    config: architecture.parseConfig(configReader(configJson, name)),
    configJson,
    head: poolingHead(),
    tokenizer: tokenizer(wrap),
    maxTokens,
    prompts,
    weights,
    card: {
      ...newCard(dims[0], prompts, "cosine"),
      dims,
      lineage: {
        base: "goldens/bert",
        data: [{ name: "a | b", rows: 8, sha256: "0".repeat(64), licence: "Apache-2.0" }],
        losses: ["infoNce"],
        seed: 7,
        training: { steps: 4 },
        versions: { nearfold: "0.1.0" },
        metrics: { ndcg10: 0.5 },
      },
    },
  };
}
