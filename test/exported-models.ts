/**
 * Models whose saved folders other tools are to read: golden checkpoints, each with a tokenizer of its kind, trained to their 512 ids, that says of
 * itself what those of its kind say on the Hub. For the tests, and for `bench/peers/check-folders.ts`.
 */
import { fileURLToPath } from "node:url";
import { fillNormal } from "../src/graph/index.ts";
import { newCard } from "../src/models/card.ts";
import { weightShapes } from "../src/models/checkpoint.ts";
import {
  type AttentionKind,
  adaptModel,
  type Head,
  type HeadLayer,
  type Model,
  poolingHead,
  widthOf,
} from "../src/models/index.ts";
import { readJsonObject } from "../src/models/json-file.ts";
import type { LoraConfig } from "../src/nn/lora.ts";
import { floats } from "../src/tensor/tensor.ts";
import { type Tokenizer, toTokenizer, trainBpe, trainWordPiece } from "../src/text/index.ts";
import { train, trainToEnd } from "../src/train/index.ts";
import { goldenModel } from "./golden.ts";
import { texts, tinyStatic } from "./tiny-models.ts";

/** Texts that tokenizers may read differently: of many lengths, in many scripts, with white space and special tokens in them. */
export const hardTexts = [
  ...texts,
  "  two  spaces,\ttabs\nand lines ",
  "the [SEP] of one is <eos> to another",
  `a${"b".repeat(120)}`,
  "Ἀρχιμήδης e\u0301 ﬁ １２ 🦊🏽",
];

const vocabSize = 512;
const prompts = { query: "query: ", document: "" };

export interface ExportedModel {
  readonly model: Model;
  /** What its adapter, which is merged into it, was trained on. */
  readonly base?: Model;
}

type Make = () => ExportedModel | Promise<ExportedModel>;

/** How a tokenizer lays a text, `A`, out with special tokens. */
const wrapped = ["<bos>", "A", "<eos>"];
const ended = ["A", "<eos>"];

const mean = poolingHead();
const last = poolingHead("lasttoken");

/** By the names of their folders. */
export const exportedModels: Readonly<Record<string, Make>> = {
  bert: plain("bert", wordPiece, mean),
  "bert-cls": plain("bert", wordPiece, poolingHead("cls", { normalize: false })),
  "bert-dense": plain("bert", wordPiece, {
    ...mean,
    layers: [dense(32, 24, "Tanh"), { type: "normalize" }],
  }),
  "bert-poolings": plain("bert", wordPiece, {
    ...mean,
    pooling: ["weightedmean", "max", "lasttoken"],
  }),
  distilbert: plain("distilbert", wordPiece, mean),
  "nomic-bert": plain("nomic-bert", wordPiece, mean),
  modernbert: plain("modernbert", () => bpe("PreTrainedTokenizerFast", wrapped), mean),
  roberta: plain("roberta", () => bpe("RobertaTokenizer", wrapped, robertaTokens), mean),
  mpnet: plain("mpnet", () => bpe("MPNetTokenizer", wrapped, robertaTokens), mean),
  t5: plain("t5", () => bpe("T5Tokenizer", ended), mean),
  qwen3: plain("qwen3", () => bpe("Qwen2Tokenizer", ended), last),
  "qwen3-bidirectional": plain("qwen3", () => bpe("Qwen2Tokenizer", ended), mean, "bidirectional"),
  gemma3: plain("gemma3", () => bpe("GemmaTokenizer", wrapped), last),
  // As EmbeddingGemma: both sides, mean, two dense layers.
  "gemma3-bidirectional": plain("gemma3-bidirectional", () => bpe("GemmaTokenizer", wrapped), {
    ...mean,
    layers: [dense(32, 48, "Identity"), dense(48, 32, "Identity"), { type: "normalize" }],
  }),
  "mistral-bidirectional": plain(
    "mistral",
    () => bpe("LlamaTokenizer", wrapped),
    mean,
    "bidirectional",
  ),
  "llama-lora": adapted("causal", {
    tokenizer: () => bpe("LlamaTokenizer", ["<bos>", "A"]),
    head: mean,
    targets: ["q_proj", "v_proj", "down_proj"],
  }),
  // As SmolLM2: nothing is put around a text. PEFT knows nothing of the dense layer.
  "llama-lora-bidirectional": adapted("bidirectional", {
    tokenizer: () => bpe("LlamaTokenizer", ["A"]),
    head: { ...mean, layers: [dense(32, 24, "Tanh"), { type: "normalize" }] },
    targets: "all-linear",
  }),
  static: () => ({ model: tinyStatic() }),
};

function plain(
  golden: string,
  tokenizer: () => Tokenizer,
  head: Head,
  attention?: AttentionKind,
): Make {
  return async () => {
    const model = await checkpoint(golden, tokenizer(), head);
    return { model: attention ? adaptModel(model, { attention }) : model };
  };
}

interface Adapting {
  readonly tokenizer: () => Tokenizer;
  readonly head: Head;
  readonly targets: LoraConfig["targets"];
}

/** The golden Llama after a few steps of low-rank adaptation, large enough to move its vectors. */
function adapted(attention: AttentionKind, { tokenizer, head, targets }: Adapting): Make {
  return async () => {
    const model = await checkpoint("llama", tokenizer(), head);
    // As most configs on the Hub say: the folder's weights are of 32 bits all the same.
    const configJson = { ...model.configJson, dtype: "bfloat16" };
    const base = adaptModel({ ...model, configJson }, { attention });
    const pairs = texts.map((text, i) => ({
      anchor: `${text} ${i}`,
      positive: `the ${text}`,
      negatives: [],
    }));
    const lora = { rank: 4, alpha: 8, targets };
    const options = { lora, batchSize: 4, epochs: 4, learningRate: 0.02 };
    return { base, model: await trainToEnd(train(base, pairs, options)) };
  };
}

/** A golden checkpoint as a text model; the weights of its head are drawn. */
async function checkpoint(golden: string, tokenizer: Tokenizer, head: Head): Promise<Model> {
  const path = fileURLToPath(new URL(`goldens/models/${golden}/config.json`, import.meta.url));
  const { architecture, config, checkpoint } = goldenModel(golden);
  const weights = new Map(checkpoint as Model["weights"]);
  for (const [index, [name, shape]] of [...weightShapes(architecture, config, head)].entries()) {
    if (weights.has(name)) continue;
    const [rows, columns = 1] = shape;
    const drawn = new Float32Array(rows * columns);
    weights.set(name, floats(fillNormal(drawn, { seed: index, std: columns ** -0.5 }), shape));
  }
  return {
    name: golden,
    architecture,
    config,
    configJson: (await readJsonObject(path))!,
    head,
    tokenizer,
    maxTokens: 60,
    prompts,
    weights,
    card: newCard(widthOf({ architecture, config, head }), prompts, "cosine"),
  };
}

function dense(from: number, out: number, activation: "Tanh" | "Identity"): HeadLayer {
  return { type: "dense", in: from, out, bias: activation === "Tanh", activation, residual: false };
}

function wordPiece(): Tokenizer {
  const { tokenizerJson, tokenizerConfig } = trainWordPiece(texts, { vocabSize });
  const config = { ...tokenizerConfig, tokenizer_class: "BertTokenizer", do_lower_case: true };
  return toTokenizer({ tokenizerJson, tokenizerConfig: config });
}

/** Special tokens in the order of their ids; those that RoBERTa counts positions by. */
const usualTokens = ["<pad>", "<unk>", "<bos>", "<eos>", "<mask>"];
const robertaTokens = ["<bos>", "<pad>", "<eos>", "<unk>", "<mask>"];

/** Byte-level BPE; a decoder's last token is the end of the text where its vectors are that token's. */
function bpe(
  tokenizer_class: string,
  single: readonly string[],
  tokens: readonly string[] = usualTokens,
): Tokenizer {
  const [pad, unk, cls, sep, mask] = tokens;
  const specialTokens = { pad, unk, cls, sep, mask };
  const trained = trainBpe(texts, { vocabSize, wrap: false, specialTokens });
  const template = {
    type: "TemplateProcessing",
    single: single.map((id) => ({
      [id === "A" ? "Sequence" : "SpecialToken"]: { id, type_id: 0 },
    })),
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: Object.fromEntries(
      tokens.map((id, value) => [id, { id, ids: [value], tokens: [id] }]),
    ),
  };
  const bytes = { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true };
  return toTokenizer({
    tokenizerJson: {
      ...trained.tokenizerJson,
      post_processor: { type: "Sequence", processors: [bytes, template] },
    },
    tokenizerConfig: {
      ...trained.tokenizerConfig,
      tokenizer_class,
      pad_token: "<pad>",
      unk_token: "<unk>",
      bos_token: "<bos>",
      eos_token: "<eos>",
      // transformers 5 takes these for the whole truth where they are there; tokenizer.json says more.
      add_bos_token: true,
      add_eos_token: false,
    },
  });
}
