/** Chains of sentence-transformers' modules that are not right: goldens/sentence-transformers with one change each. */
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenTensors } from "../../test/golden.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, type Tensor, zeros } from "../tensor/tensor.ts";
import { loadModel } from "./load.ts";
import { readChains } from "./modules.ts";

const goldens = fileURLToPath(
  new URL("../../test/goldens/sentence-transformers/", import.meta.url),
);
let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

type Change = (folder: string) => Promise<unknown>;
type Json = Record<string, unknown>;

async function changed(base: string, change: Change): Promise<string> {
  const folder = join(temporary.path, `${base}-${count++}`);
  await cp(join(goldens, base), folder, { recursive: true });
  await change(folder);
  return folder;
}

const edit =
  (file: string, by: (json: Json) => unknown): Change =>
  async (folder) => {
    const path = join(folder, file);
    await writeFile(path, JSON.stringify(by(JSON.parse(await readFile(path, "utf8")) as Json)));
  };
const set = (file: string, values: Json) => edit(file, (json) => ({ ...json, ...values }));
const dense = (by: (all: Map<string, Tensor>) => unknown): Change => {
  return async (folder) => {
    const all = new Map(goldenTensors("sentence-transformers/dense/2_Dense/model"));
    by(all);
    await writeSafetensors(join(folder, "2_Dense/model.safetensors"), all);
  };
};
const route = (by: (structure: Json) => Json) =>
  edit("router_config.json", (json) => ({ ...json, structure: by(json.structure as Json) }));

describe("a chain that is not right is refused, and the message says where and what", () => {
  test.each<[name: string, base: string, change: Change, code: string, message: RegExp]>([
    [
      "a dense layer for another width",
      "dense",
      set("2_Dense/config.json", { in_features: 32 }),
      "mismatch",
      /2_Dense.config\.json: the dense layer is written for another width \(got 32, wanted 16\)/,
    ],
    [
      "a dense layer whose weights are of another width",
      "dense",
      set("2_Dense/config.json", { out_features: 9 }),
      "mismatch",
      /2_Dense: tensors are of another shape .*got 2_Dense\.linear\.weight \[8,16\]; .*, wanted \[9,16\]; \[9\]/,
    ],
    [
      "a dense layer without its bias",
      "dense",
      dense((all) => all.delete("linear.bias")),
      "mismatch",
      /2_Dense: tensors are missing \(got 1 others, wanted 2_Dense\.linear\.bias\)/,
    ],
    [
      "a bias that its settings do not name",
      "dense",
      set("2_Dense/config.json", { bias: false }),
      "mismatch",
      /does not have \(got 2_Dense\.linear\.bias, wanted the 1 of its config\.json alone\)/,
    ],
    [
      "a dense layer in whole numbers",
      "dense",
      dense((all) => all.set("linear.weight", zeros("int8", [8, 16]))),
      "unsupported",
      /weights that are no floats \(got 2_Dense\.linear\.weight int8, wanted F32, F16 or BF16\)/,
    ],
    [
      "a dense layer in a pickle",
      "dense",
      (f) => rename(join(f, "2_Dense/model.safetensors"), join(f, "2_Dense/pytorch_model.bin")),
      "unsupported",
      /2_Dense: weights in another form than safetensors \(got pytorch_model\.bin/,
    ],
    [
      "an activation that is none of ours",
      "dense",
      set("2_Dense/config.json", { activation_function: "torch.nn.modules.activation.PReLU" }),
      "unsupported",
      /got "torch\.nn\.modules\.activation\.PReLU", wanted torch\.nn's Identity, Tanh, /,
    ],
    [
      "an activation of somebody's own",
      "dense",
      set("2_Dense/config.json", { activation_function: "os.system" }),
      "unsupported",
      /an activation that is none of ours \(got "os\.system"/,
    ],
    [
      "a dense layer over tokens",
      "dense",
      set("2_Dense/config.json", { module_input_name: "token_embeddings" }),
      "unsupported",
      /got module_input_name: "token_embeddings", wanted sentence_embedding/,
    ],
    [
      "a norm for another width",
      "chain",
      set("2_LayerNorm/config.json", { dimension: 16 }),
      "mismatch",
      /the norm is written for another width \(got 16, wanted 48\)/,
    ],
    [
      "a module that is not there",
      "dense",
      (f) => rm(join(f, "2_Dense"), { recursive: true }),
      "not-found",
      /2_Dense.config\.json: modules\.json names a module that is not there/,
    ],
    [
      "a module that is none of ours",
      "dense",
      edit("modules.json", (json) => [
        ...(json as unknown as Json[]),
        { type: "sentence_transformers.models.LSTM", path: "4_LSTM" },
      ]),
      "unsupported",
      /got "Transformer Pooling Dense Normalize LSTM", wanted Transformer Pooling, or StaticEmb/,
    ],
    [
      "a router without a route for queries",
      "router",
      route(({ document }) => ({ text_document: document })),
      "mismatch",
      /the router has no route for a role \(got routes \["text_document"\], wanted query\)/,
    ],
    [
      "a route out of the folder",
      "router",
      route((structure) => ({ ...structure, query: [".."] })),
      "bad-input",
      /a route is malformed \(got \["\.\."\]/,
    ],
    [
      "a route through a module of nobody's",
      "router",
      edit("router_config.json", (json) => ({
        ...json,
        types: { ...(json.types as Json), query_0_StaticEmbedding: "custom.Tower" },
      })),
      "unsupported",
      /got "custom\.Tower Normalize"/,
    ],
    [
      "a router in a router",
      "router",
      edit("router_config.json", (json) => ({
        ...json,
        types: {
          ...(json.types as Json),
          query_0_StaticEmbedding: "sentence_transformers.models.Router",
        },
      })),
      "unsupported",
      /got "Router Normalize"/,
    ],
    [
      "towers of two widths",
      "router",
      async (f) => {
        const path = join(f, "query_0_StaticEmbedding/model.safetensors");
        await writeSafetensors(path, new Map([["embedding.weight", zeros("float32", [90, 8])]]));
      },
      "mismatch",
      /towers of queries and documents are of two widths \(got queries of 8, wanted documents' 16/,
    ],
    [
      "a tower whose tokenizer does not fit",
      "router",
      async (f) => {
        const path = join(f, "query_0_StaticEmbedding/model.safetensors");
        await writeSafetensors(path, new Map([["embedding.weight", floats([1, 2], [1, 2])]]));
      },
      "mismatch",
      /query_0_StaticEmbedding.tokenizer\.json: the tokenizer does not fit the weights/,
    ],
    [
      "a router without its settings",
      "router",
      (f) => rm(join(f, "router_config.json")),
      "not-found",
      /router_config\.json: modules\.json names a router/,
    ],
  ])("%s", async (_, base, change, code, message) => {
    const folder = await changed(base, change);
    const error: unknown = await loadModel(folder).catch((error: unknown) => error);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });
});

test.each<[name: string, parameters: Json, query: string, document: string]>([
  ["its own names", {}, "query_0", "document_0"],
  [
    "a mapped task",
    { route_mappings: { "('query', None)": "document" } },
    "document_0",
    "document_0",
  ],
  ["a mapped text", { route_mappings: { "(None, 'text')": "query" } }, "query_0", "query_0"],
  [
    "the nearest mapping",
    { route_mappings: { "('query', 'text')": "query", "('query', None)": "document" } },
    "query_0",
    "document_0",
  ],
  [
    "a mapped image",
    { route_mappings: { "('query', 'image')": "document" } },
    "query_0",
    "document_0",
  ],
])("a route by %s", async (_, parameters, query, document) => {
  const folder = await changed("router", set("router_config.json", { parameters }));
  const chains = await readChains(folder);
  expect(chains.query[0].path).toMatch(query);
  expect(chains.document[0].path).toMatch(document);
});

test("one route for both roles is one tower", async () => {
  const same = route(({ document }) => ({ query: document, document }));
  const model = await loadModel(await changed("router", same));
  expect(model.queryTower).toBeUndefined();
  expect(model.head.layers.map(({ type }) => type)).toEqual(["dense", "normalize"]);
});
