/** Folders that sentence-transformers wrote (goldens/sentence-transformers/make.py), in every layout it has had, and its vectors of them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Encoder, openEncoder } from "../src/encoder/index.ts";
import { exportGraph, type Head, loadModel, type Role, saveModel } from "../src/models/index.ts";
import { encodeModel } from "../src/onnx/index.ts";
import { openSession } from "../src/runtime/session.ts";
import { longs } from "../src/tensor/tensor.ts";
import { goldenJson } from "./golden.ts";
import { temporaryFolder } from "./temporary.ts";

interface Golden {
  readonly texts: readonly string[];
  readonly similarity: string;
  readonly query: readonly (readonly number[])[];
  readonly document: readonly (readonly number[])[];
}

const home = fileURLToPath(new URL("goldens/sentence-transformers", import.meta.url));
const names = readdirSync(home, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const routers = ["asym", "router", "router-shared"];
const roles: readonly Role[] = ["document", "query"];
const close = { rtol: 1e-5, atol: 1e-5 };

async function expectVectors(encoder: Encoder, { texts, query, document }: Golden) {
  const wanted = { query, document };
  for (const role of roles) {
    const { vectors } = await encoder.encode(texts, { role });
    expect(vectors, role).toBeClose(wanted[role].flat(), close);
  }
}

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

describe.each(names)("%s", (name) => {
  const golden = goldenJson<Golden>(`sentence-transformers/${name}`);
  const folder = join(home, name);

  test.each([
    ["where its weights lie", {}],
    ["in a worker", { worker: true }],
    ["one text at a time", { maxBatchTokens: 1 }],
  ])("gives the same vectors, %s", async (_, options) => {
    await using encoder = await openEncoder(folder, options);
    expect(encoder.space.similarity).toBe(golden.similarity);
    expect(encoder.dims).toEqual([golden.document[0].length]);
    await expectVectors(encoder, golden);
  });

  test("gives the same vectors, and is the same space, with its weights in memory", async () => {
    const model = await loadModel(folder);
    await using encoder = await openEncoder(model);
    await using there = await openEncoder(folder);
    expect(encoder.space).toEqual(there.space);
    await expectVectors(encoder, golden);
  });

  if (routers.includes(name)) {
    test("is not saved: it has two towers", async () => {
      const model = await loadModel(folder);
      await expect(saveModel(join(temporary.path, name), model)).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("(a Router) cannot be saved"),
      });
    });
    return;
  }

  test("is saved as the same model", async () => {
    const model = await loadModel(folder);
    const copy = join(temporary.path, name);
    await saveModel(copy, model);
    const again = await loadModel(copy);
    expect(again.head).toEqual(model.head);
    expect([...again.weights.keys()].sort()).toEqual([...model.weights.keys()].sort());
    expect(again.card.space).toEqual(model.card.space);
    await using encoder = await openEncoder(copy);
    await expectVectors(encoder, golden);
  });

  test("is exported as a graph that gives the same where there is no prompt", async () => {
    const model = { ...(await loadModel(folder)), prompts: { query: "", document: "" } };
    const { weights, tokenizer, maxTokens } = model;
    await using session = await openSession(encodeModel(exportGraph(model), { weights }).bytes);
    await using encoder = await openEncoder(model);
    for (const text of golden.texts) {
      const { ids } = tokenizer.encode(text, { maxLength: maxTokens });
      const shape = [1, ids.length];
      const mask = ids.map(() => 1);
      const feeds = { input_ids: longs(ids, shape), attention_mask: longs(mask, shape) };
      const { sentence_embedding } = await session.run(feeds);
      const { vectors } = await encoder.encode([text]);
      expect(sentence_embedding.data as Float32Array).toBeClose(vectors, close);
    }
  });
});

test.each<[name: string, head: Head]>([
  [
    "dense",
    {
      pooling: ["mean"],
      includePrompt: true,
      layers: [
        { type: "dense", in: 16, out: 8, bias: true, activation: "Tanh", residual: false },
        { type: "normalize" },
      ],
    },
  ],
  [
    "chain",
    {
      pooling: ["max", "weightedmean", "cls"],
      includePrompt: true,
      layers: [
        { type: "layer-norm", width: 48 },
        { type: "dense", in: 48, out: 24, bias: false, activation: "GELU", residual: false },
        { type: "dense", in: 24, out: 24, bias: true, activation: "Identity", residual: true },
        { type: "dense", in: 24, out: 20, bias: true, activation: "ReLU", residual: true },
      ],
    },
  ],
  [
    "no-prompt",
    {
      pooling: ["mean", "lasttoken", "max"],
      includePrompt: false,
      layers: [{ type: "normalize" }],
    },
  ],
])("the head of %s", async (name, head) => {
  expect((await loadModel(join(home, name))).head).toEqual(head);
});

test("each role of a router has its tower, whose limits are its own", async () => {
  const { architecture, queryTower, maxTokens, prompts } = await loadModel(join(home, "router"));
  expect([architecture.module, queryTower?.architecture.module]).toEqual([
    "Transformer",
    "StaticEmbedding",
  ]);
  expect([maxTokens, queryTower?.maxTokens]).toEqual([40, Number.POSITIVE_INFINITY]);
  expect(prompts).toEqual({ query: "find a fox: ", document: "dog. " });
});
