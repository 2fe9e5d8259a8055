import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { NearfoldError } from "../errors.ts";
import type { PoolingMode } from "../nn/pooling.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../tensor/half.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, longs, type Tensor, tensor } from "../tensor/tensor.ts";
import { poolingHead } from "./head.ts";
import { loadModel } from "./load.ts";
import type { Model } from "./model.ts";
import { saveModel } from "./save.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;

beforeAll(async () => {
  temporary = await temporaryFolder();
  await saveModel(join(temporary.path, "bert"), tinyBert());
  await saveModel(join(temporary.path, "static"), tinyStatic());
});
afterAll(() => temporary[Symbol.asyncDispose]());

/** A copy of a saved folder with one change, and without the card that would tell of any. */
async function changed(base: "bert" | "static", change: (folder: string) => Promise<unknown>) {
  const folder = join(temporary.path, `${base}-${count++}`);
  await cp(join(temporary.path, base), folder, { recursive: true });
  await rm(join(folder, "nearfold.json"));
  await change(folder);
  return folder;
}

type Json = Record<string, unknown>;

const edit = (file: string, by: (json: Json) => unknown) => async (folder: string) => {
  const path = join(folder, file);
  await writeFile(path, JSON.stringify(by(JSON.parse(await readFile(path, "utf8")) as Json)));
};

const weights = (by: (weights: Map<string, Tensor>) => unknown) => async (folder: string) => {
  const { weights } = folder.includes("static-") ? tinyStatic() : tinyBert();
  const all = new Map<string, Tensor>(weights);
  by(all);
  await writeSafetensors(join(folder, "model.safetensors"), all);
};

/** Neither in safetensors nor in the graph. */
const withoutWeights = async (folder: string) => {
  await rm(join(folder, "model.safetensors"));
  await rm(join(folder, "onnx"), { recursive: true });
};

const row = "embeddings.word_embeddings.weight";

describe("a folder that is not right is refused, and the message says where and what", () => {
  test.each<
    [name: string, "bert" | "static", (folder: string) => Promise<unknown>, string, RegExp]
  >([
    ["no folder", "bert", (f) => rm(f, { recursive: true }), "not-found", /bert-\d+: cannot read/],
    [
      "weights cut off",
      "bert",
      (f) => truncate(join(f, "model.safetensors"), 9000),
      "bad-input",
      /model\.safetensors/,
    ],
    ["no weights", "bert", withoutWeights, "not-found", /safetensors/],
    [
      "weights of PyTorch's own kind",
      "bert",
      async (f) => {
        await withoutWeights(f);
        await writeFile(join(f, "pytorch_model.bin"), "");
      },
      "unsupported",
      /got pytorch_model\.bin, wanted model\.safetensors.*convert it/,
    ],
    [
      "a missing tensor",
      "bert",
      weights((all) => all.delete("encoder.layer.1.output.dense.bias")),
      "mismatch",
      /tensors are missing \(got \d+ others, wanted encoder\.layer\.1\.output\.dense\.bias\)/,
    ],
    [
      "many missing tensors",
      "bert",
      weights((all) => all.clear()),
      "mismatch",
      /tensors are missing \(got 0 others, wanted .*, and \d+ more\)/,
    ],
    [
      "an unknown tensor",
      "bert",
      weights((all) => all.set("encoder.layer.2.output.dense.bias", floats([1]))),
      "mismatch",
      /does not have \(got encoder\.layer\.2/,
    ],
    [
      "a weight twice, under two names",
      "bert",
      weights((all) => all.set(`bert.${row}`, all.get(row)!)),
      "bad-input",
      /two tensors are the same weight/,
    ],
    [
      "fewer rows than config.json says",
      "bert",
      edit("config.json", (json) => ({ ...json, vocab_size: 513 })),
      "mismatch",
      /word_embeddings\.weight \[512,32\], wanted \[513,32\]/,
    ],
    [
      "another width than config.json says",
      "static",
      edit("config.json", (json) => ({ ...json, hidden_size: 47 })),
      "mismatch",
      /embedding\.weight \[512,48\], wanted \[512,47\]/,
    ],
    [
      "heads that do not divide the width",
      "bert",
      edit("config.json", (json) => ({ ...json, num_attention_heads: 5 })),
      "bad-input",
      /config\.json: field "num_attention_heads"/,
    ],
    [
      "an unknown kind of model",
      "bert",
      edit("config.json", (json) => ({ ...json, model_type: "mamba" })),
      "unsupported",
      /config\.json: unknown model_type \(got "mamba", wanted one of bert, .*static\)/,
    ],
    [
      "more layers than could be built",
      "bert",
      edit("config.json", (json) => ({ ...json, num_hidden_layers: 2e9 })),
      "bad-input",
      /"num_hidden_layers" is not usable \(got 2000000000, wanted at most 1024 layers\)/,
    ],
    ["no config.json", "bert", (f) => rm(join(f, "config.json")), "not-found", /config\.json/],
    [
      "config.json that is no JSON",
      "bert",
      (f) => writeFile(join(f, "config.json"), "{"),
      "bad-input",
      /config\.json: not JSON/,
    ],
    [
      "config.json that is a list",
      "bert",
      (f) => writeFile(join(f, "config.json"), "[1]"),
      "bad-input",
      /config\.json: not one JSON object \(got \[1\]\)/,
    ],
    ["no tokenizer", "bert", (f) => rm(join(f, "tokenizer.json")), "not-found", /tokenizer\.json/],
    [
      "a tokenizer with more ids than the table has rows",
      "static",
      edit("tokenizer.json", (json) => {
        const model = json.model as Json;
        return { ...json, model: { ...model, vocab: { ...(model.vocab as Json), zebra: 512 } } };
      }),
      "mismatch",
      /does not fit the weights \(got ids up to 512, wanted below 512/,
    ],
    [
      "more tokens than positions",
      "bert",
      edit("sentence_bert_config.json", () => ({ max_seq_length: 65 })),
      "mismatch",
      /max_seq_length is more than the model has positions \(got 65, wanted at most 64\)/,
    ],
    [
      "a limit that is no number",
      "bert",
      edit("sentence_bert_config.json", () => ({ max_seq_length: "60" })),
      "bad-input",
      /max_seq_length/,
    ],
    ...(
      [
        ["transformer_task", "fill-mask"],
        ["module_output_name", "sentence_embedding"],
        ["modality_config", { message: { method: "forward" } }],
        ["processing_kwargs", { text: { padding: "max_length" } }],
        ["query_length", 32],
      ] as const
    ).map(
      ([key, value]) =>
        [
          `a transformer's setting that is not ours: ${key}`,
          "bert",
          edit("sentence_bert_config.json", () => ({ [key]: value })),
          "unsupported",
          new RegExp(`setting of the transformer that is not ours \\(got ${key}: `),
        ] as [string, "bert", (folder: string) => Promise<unknown>, string, RegExp],
    ),
    [
      "a pooling for another width",
      "bert",
      edit("1_Pooling/config.json", (json) => ({ ...json, word_embedding_dimension: 384 })),
      "mismatch",
      /pooling is written for another width \(got 384, wanted 32\)/,
    ],
    [
      "a pooling that is none",
      "bert",
      edit("1_Pooling/config.json", () => ({ pooling_mode: ["cls", "median"] })),
      "unsupported",
      /got \["cls","median"\]/,
    ],
    [
      "no pooling at all",
      "bert",
      edit("1_Pooling/config.json", () => ({ pooling_mode: [] })),
      "unsupported",
      /this pooling cannot be read \(got \[\]/,
    ],
    [
      "no pooling where one is named",
      "bert",
      (f) => rm(join(f, "1_Pooling"), { recursive: true }),
      "not-found",
      /1_Pooling/,
    ],
    [
      "a module of another kind",
      "bert",
      (f) =>
        writeFile(
          join(f, "modules.json"),
          '[{"type":"sentence_transformers.models.Transformer"},{"type":"sentence_transformers.models.Dense"}]',
        ),
      "unsupported",
      /got "Transformer Dense"/,
    ],
    [
      "a module of nobody's",
      "bert",
      (f) => writeFile(join(f, "modules.json"), '[{"type":"custom.Transformer","path":""}]'),
      "unsupported",
      /got "custom\.Transformer"/,
    ],
    [
      "a module outside of the folder",
      "bert",
      (f) =>
        writeFile(
          join(f, "modules.json"),
          '[{"type":"sentence_transformers.models.Transformer","path":"a/../../b"}]',
        ),
      "bad-input",
      /outside the folder/,
    ],
    ["no modules", "bert", (f) => writeFile(join(f, "modules.json"), "[]"), "bad-input", /no modu/],
    [
      "the modules of a static model over a transformer",
      "bert",
      (f) => cp(join(temporary.path, "static", "modules.json"), join(f, "modules.json")),
      "mismatch",
      /two kinds of model \(got StaticEmbedding, wanted Transformer\)/,
    ],
    [
      "a default prompt that is none",
      "bert",
      edit("config_sentence_transformers.json", (json) => ({ ...json, default_prompt_name: "q" })),
      "mismatch",
      /default_prompt_name names no prompt \(got "q", wanted one of \["query","document"\]/,
    ],
    [
      "a model of another kind",
      "bert",
      edit("config_sentence_transformers.json", () => ({ model_type: "SparseEncoder" })),
      "unsupported",
      /another kind of model \(got "SparseEncoder", wanted SentenceTransformer/,
    ],
    [
      "a similarity that is not known",
      "bert",
      edit("config_sentence_transformers.json", () => ({ similarity_fn_name: "manhattan" })),
      "unsupported",
      /got "manhattan"/,
    ],
  ])("%s", async (_, base, change, code, message) => {
    const folder = await changed(base, change);
    const error = await loadModel(folder).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  test.each([
    ["a weight", weights((all) => all.set(row, floats(new Float32Array(512 * 32), [512, 32])))],
    ["a prompt", edit("config_sentence_transformers.json", () => ({ prompts: { query: "q: " } }))],
    ["the pooling", edit("1_Pooling/config.json", () => ({ pooling_mode: "cls" }))],
    ["the limit", edit("sentence_bert_config.json", () => ({ max_seq_length: 20 }))],
    ["the tokenizer", edit("tokenizer.json", (json) => ({ ...json, post_processor: null }))],
  ])("%s that was changed behind the card's back", async (_, change) => {
    const folder = await changed("bert", change);
    await cp(join(temporary.path, "bert", "nearfold.json"), join(folder, "nearfold.json"));
    await expect(loadModel(folder)).rejects.toMatchObject({
      code: "mismatch",
      message: expect.stringContaining("the folder was changed since it was saved"),
    });
  });

  test.each<[string, Json, string]>([
    ["another layout", { version: 2 }, "unsupported"],
    ["dims that do not fall", { dims: [16, 32] }, "bad-input"],
    ["no dims", { dims: [] }, "bad-input"],
    ["a space without an id", { space: { id: "", dims: 32, similarity: "cosine" } }, "bad-input"],
    ["no lineage", { lineage: null }, "bad-input"],
    ["a metric that is no number", { lineage: { metrics: { a: null } } }, "bad-input"],
  ])("a card with %s", async (_, by, code) => {
    const folder = await changed("bert", () => Promise.resolve());
    await cp(join(temporary.path, "bert", "nearfold.json"), join(folder, "nearfold.json"));
    await edit("nearfold.json", (json) => ({ ...json, ...by }))(folder);
    await expect(loadModel(folder)).rejects.toMatchObject({ code });
  });
});

describe("whatever its settings hold, a folder is read or refused, and nothing else happens", () => {
  const files = [
    "config.json",
    "modules.json",
    "nearfold.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
  ];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<fc.JsonValue>({ toString: 1 }, { __proto__: null }, -1, 2 ** 60, "../x", "\0"),
  );

  test.each(files)("%s", async (file) => {
    const folder = join(temporary.path, `fuzz-${count++}`);
    await cp(join(temporary.path, "bert"), folder, { recursive: true });
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    const keys = [...text.matchAll(/"(\w+)":/g)].map(([, key]) => key);
    const onKey = fc
      .tuple(fc.constantFrom(...keys), value)
      .map(([key, by]) =>
        JSON.stringify(JSON.parse(text, (name, old: unknown) => (name === key ? by : old))),
      );
    const onBytes = fc
      .tuple(fc.nat(text.length - 1), fc.string())
      .map(([at, by]) => text.slice(0, at) + by + text.slice(at + by.length));
    const whole = value.map((by) => JSON.stringify(by));
    await fc.assert(
      fc.asyncProperty(fc.oneof(onKey, onBytes, whole), async (content) => {
        await writeFile(path, content);
        const error: unknown = await loadModel(folder).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(NearfoldError);
        expect((error as NearfoldError | undefined)?.code).not.toBe("bug");
      }),
      { numRuns: 60 },
    );
  });
});

describe("other people's folders", () => {
  test("names with a prefix, names of old, and what is not read", async () => {
    const folder = await changed(
      "bert",
      weights((all) => {
        for (const [name, value] of [...all]) {
          all.delete(name);
          const old = name.replace("LayerNorm.weight", "LayerNorm.gamma");
          all.set(`bert.${old.replace("LayerNorm.bias", "LayerNorm.beta")}`, value);
        }
        all.set("bert.embeddings.position_ids", longs([0, 1], [1, 2]));
        all.set("cls.predictions.bias", floats([1]));
      }),
    );
    const { weights: found, card } = await loadModel(folder);
    const wanted = await loadModel(join(temporary.path, "bert"));
    expect([...found.keys()].sort()).toEqual([...wanted.weights.keys()].sort());
    expect(card.space).toEqual(wanted.card.space);
  });

  test.each([
    ["float16", float32ToFloat16, 2 ** -11],
    ["bfloat16", float32ToBfloat16, 2 ** -8],
  ] as const)("%s weights become float32", async (dtype, convert, rtol) => {
    const folder = await changed(
      "bert",
      weights((all) => {
        for (const [name, { data, shape }] of [...all]) {
          all.set(name, tensor(dtype, shape, convert(data as Float32Array) as never));
        }
      }),
    );
    const { weights: found } = await loadModel(folder);
    for (const [name, { data }] of tinyBert().weights) {
      expect(found.get(name)!.data, name).toBeClose(data, { rtol, atol: 1e-6 });
    }
  });

  test("a bare transformer is pooled by mean, and not normalized", async () => {
    const folder = await changed("bert", async (f) => {
      for (const name of await readdir(f)) {
        const keep = ["config.json", "model.safetensors", "tokenizer.json"].includes(name);
        if (!keep) await rm(join(f, name), { recursive: true });
      }
    });
    const { head, maxTokens, prompts } = await loadModel(folder);
    expect({ head, maxTokens, prompts }).toEqual({
      head: poolingHead("mean", { normalize: false }),
      maxTokens: 64,
      prompts: { query: "", document: "" },
    });
  });

  test.each<[string, Json, PoolingMode]>([
    ["the new spelling", { pooling_mode: "lasttoken", embedding_dimension: 32 }, "lasttoken"],
    ["a list of one", { pooling_mode: ["max"] }, "max"],
    ["the old spelling", { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, "cls"],
    ["nothing said", {}, "mean"],
  ])("pooling in %s", async (_, json, pooling) => {
    const folder = await changed(
      "bert",
      edit("1_Pooling/config.json", () => json),
    );
    expect((await loadModel(folder)).head).toEqual(poolingHead(pooling));
  });

  test.each<[string, Json, Model["prompts"]]>([
    ["a passage", { prompts: { passage: "p: " } }, { query: "", document: "p: " }],
    [
      "a default",
      { prompts: { query: "q: ", all: "a: " }, default_prompt_name: "all" },
      { query: "q: ", document: "a: " },
    ],
    ["null", { prompts: { query: null } }, { query: "", document: "" }],
  ])("prompts: %s", async (_, json, prompts) => {
    const folder = await changed(
      "bert",
      edit("config_sentence_transformers.json", () => json),
    );
    expect((await loadModel(folder)).prompts).toEqual(prompts);
  });

  test("sentence-transformers' StaticEmbedding in a folder of its own, with a tokenizer that wraps", async () => {
    const folder = await changed("static", async (f) => {
      const inner = join(f, "0_StaticEmbedding");
      await mkdir(inner);
      await rm(join(f, "config.json"));
      const json = JSON.parse(tinyBert().tokenizer.json) as Json;
      await writeFile(join(inner, "tokenizer.json"), JSON.stringify(json));
      await cp(join(f, "model.safetensors"), join(inner, "model.safetensors"));
      const type = "sentence_transformers.sentence_transformer.modules.static_embedding";
      const path = "0_StaticEmbedding";
      const modules = [{ idx: 0, name: "0", path, type: `${type}.StaticEmbedding` }];
      await writeFile(join(f, "modules.json"), JSON.stringify(modules));
    });
    const { head, maxTokens, tokenizer, configJson } = await loadModel(folder);
    expect(head).toEqual(poolingHead("mean", { normalize: false }));
    expect(maxTokens).toBe(Number.POSITIVE_INFINITY);
    expect(configJson).toEqual({ model_type: "static", vocab_size: 512, hidden_size: 48 });
    expect([...tokenizer.encode("").ids]).toEqual([]);
  });

  test("model2vec's name of the table", async () => {
    const folder = await changed("static", async (f) => {
      await writeFile(join(f, "config.json"), '{"model_type":"model2vec"}');
      const table = tinyStatic().weights.get("embedding.weight")!;
      await writeSafetensors(join(f, "model.safetensors"), new Map([["embeddings", table]]));
    });
    const { weights: found } = await loadModel(folder);
    expect([...found.keys()]).toEqual(["embedding.weight"]);
  });
});
