/** Where a page is tried: a folder with the reader's files, and a Hub with small models under the ids that pages name. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import { fillNormal } from "../../src/graph/index.ts";
import { newCard } from "../../src/models/card.ts";
import { configReader } from "../../src/models/config.ts";
import { type Model, saveModel, widthOf } from "../../src/models/index.ts";
import { floats } from "../../src/tensor/index.ts";
import { toTokenizer, trainWordPiece } from "../../src/text/index.ts";
import { train, trainToEnd } from "../../src/train/index.ts";
import { type Files, filesOf, type Models, startHub } from "../hub/stand-in.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyBert, tinyLlama } from "../tiny-models.ts";
import { readerPairs, readerTexts } from "./reader-files.ts";

export interface World extends AsyncDisposable {
  readonly folder: string;
}

/** Opens one, and makes its folder the one that relative paths are of. Close it with `await using`. */
export async function openWorld(files: Readonly<Record<string, string>>): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryFolder());
  const folder = join(path, "work");
  models ??= makeModels();
  const hosted = await models;
  for (const [name, content] of Object.entries({ ...files, ...exported(hosted) })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const hub = opening.use(await startHub(hosted));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("NEARFOLD_CACHE", join(path, "cache"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE"]) vi.stubEnv(name, "");
  opening.defer(() => {
    vi.unstubAllEnvs();
  });
  const before = process.cwd();
  process.chdir(folder);
  opening.defer(() => process.chdir(before));
  const stack = opening.move();
  return { folder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Made once for all pages. */
let models: Promise<Models> | undefined;

async function makeModels(): Promise<Models> {
  return {
    "sentence-transformers/all-MiniLM-L6-v2": await published(await taught(miniLm())),
    "HuggingFaceTB/SmolLM2-135M": await published(smolLm()),
  };
}

/** The reader's own model: a graph that another program exported, and its tokenizer. */
function exported(hosted: Models): Files {
  const { main } = hosted["sentence-transformers/all-MiniLM-L6-v2"]!;
  return {
    "exported/model.onnx": main!["onnx/model.onnx"]!,
    "exported/tokenizer.json": main!["tokenizer.json"]!,
  };
}

/** A small one with vectors as wide as those of the model that it stands for: options name widths. */
function miniLm(): Model {
  const bert = readable(tinyBert());
  const [narrow, wide] = [widthOf(bert), 384];
  const dense = fillNormal(new Float32Array(wide * narrow), { seed: 7, std: wide ** -0.5 });
  const layer = { type: "dense", in: narrow, out: wide, activation: "Identity" } as const;
  const { head, weights, prompts } = bert;
  return {
    ...bert,
    head: { ...head, layers: [{ ...layer, bias: false, residual: false }, ...head.layers] },
    weights: new Map([...weights, ["2_Dense.linear.weight", floats(dense, [wide, narrow])]]),
    card: newCard(wide, prompts, "cosine"),
  };
}

/** A language model whose head is its table of tokens. */
function smolLm(): Model {
  const llama = readable(tinyLlama());
  const configJson = { ...llama.configJson, tie_word_embeddings: true };
  const config = llama.architecture.parseConfig(configReader(configJson, llama.name));
  return { ...llama, configJson, config };
}

/** A model whose tokenizer knows the reader's words. */
function readable(model: Model): Model {
  const tokenizer = toTokenizer(trainWordPiece(readerTexts, { vocabSize: 512, wrap: true }));
  return { ...model, tokenizer };
}

/** A model that knows a question from its answer, more or less, as an embedder does that many use. */
function taught(model: Model): Promise<Model> {
  const options = { epochs: 3, batchSize: 64, learningRate: 3e-3 };
  return trainToEnd(train(model, readerPairs, options));
}

/** A model's files as they lie on the Hub, where nobody knows of nearfold. */
async function published(model: Model): Promise<Record<"main", Files>> {
  await using home = await temporaryFolder();
  const folder = join(home.path, model.name);
  await saveModel(folder, model);
  const { "nearfold.json": _, ...files } = await filesOf(folder);
  return { main: files };
}
