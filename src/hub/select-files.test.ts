import fc from "fast-check";
import { expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import type { RemoteFile } from "./remote-file.ts";
import { selectFiles } from "./select-files.ts";

const listed = (path: string, size = 1): RemoteFile => ({
  path,
  size,
  hash: `sha256:${"0".repeat(64)}`,
});

/** What is selected of files with these names, of which the JSON ones hold that. */
async function select(names: readonly string[], json: Readonly<Record<string, unknown>> = {}) {
  const readJson = async ({ path }: RemoteFile) => json[path];
  const files = await selectFiles(
    "acme/tiny",
    names.map((name) => listed(name)),
    { also: [], readJson },
  );
  return files.map(({ path }) => path).sort();
}

test.each<[string, readonly string[], Readonly<Record<string, unknown>>, readonly string[]]>([
  [
    "a bare transformer",
    ["config.json", "model.safetensors", "README.md", "vocab.txt"],
    {},
    ["config.json", "model.safetensors"],
  ],
  [
    "whole weights rather than shards",
    ["model.safetensors", "model.safetensors.index.json", "model-00001-of-00002.safetensors"],
    {},
    ["model.safetensors"],
  ],
  [
    "no optimizer beside weights",
    ["model.safetensors", "optimizer.pt", "training_args.bin", "rng_state.pth"],
    {},
    ["model.safetensors"],
  ],
  [
    "a module in a folder, and no stray weights above it",
    ["modules.json", "0_T/model.safetensors", "pytorch_model.bin"],
    { "modules.json": [{ path: "0_T" }] },
    ["0_T/model.safetensors", "modules.json"],
  ],
  [
    "a folder spelt as a path",
    ["modules.json", "0_T/model.safetensors"],
    { "modules.json": [{ path: "./0_T/" }] },
    ["0_T/model.safetensors", "modules.json"],
  ],
  [
    "StaticEmbedding's folder, which is a dot",
    ["modules.json", "model.safetensors"],
    { "modules.json": [{ path: "." }] },
    ["model.safetensors", "modules.json"],
  ],
  [
    "Asym's routes",
    ["modules.json", "model.safetensors", "config.json", "query-1/model.safetensors"],
    {
      "modules.json": [{ path: "", type: "sentence_transformers.models.Asym" }],
      "config.json": { types: { "query-1": "Dense" } },
    },
    ["config.json", "model.safetensors", "modules.json", "query-1/model.safetensors"],
  ],
])("%s", async (_, names, json, expected) => {
  expect(await select(names, json)).toEqual(expected);
});

test("the smallest comes first", async () => {
  const files = [
    listed("model.safetensors", 9e9),
    listed("config.json", 600),
    listed("tokenizer.json", 7e5),
  ];
  const selected = await selectFiles("a/b", files, { also: [], readJson: async () => undefined });
  expect(selected.map(({ path }) => path)).toEqual([
    "config.json",
    "tokenizer.json",
    "model.safetensors",
  ]);
});

test("whatever the files say, only listed ones are selected", async () => {
  const names = [
    "modules.json",
    "router_config.json",
    "model.safetensors.index.json",
    "a/router_config.json",
    "a/model.safetensors",
    "a/b/config.json",
    "w.safetensors",
  ];
  const text = fc.oneof(fc.constantFrom("a", "b", "..", "", "w.safetensors", "../w"), fc.string());
  const settings = fc.record({
    "modules.json": fc.oneof(fc.jsonValue(), fc.array(fc.record({ path: text, type: text }))),
    "router_config.json": fc.oneof(fc.jsonValue(), fc.record({ types: fc.dictionary(text, text) })),
    "a/router_config.json": fc.oneof(
      fc.jsonValue(),
      fc.record({ types: fc.dictionary(text, text) }),
    ),
    "model.safetensors.index.json": fc.oneof(
      fc.jsonValue(),
      fc.record({ weight_map: fc.dictionary(text, text) }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(settings, async (json) => {
      const selected = await select(names, json).catch((error: unknown) => error);
      if (selected instanceof NearfoldError) return;
      expect(names).toEqual(expect.arrayContaining(selected as string[]));
    }),
    { seed: 42, numRuns: 300 },
  );
});
