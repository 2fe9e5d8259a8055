/** Models by their id, from a stand-in for the Hub into the cache. */
import { rm, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type FetchProgress, fetchModel, hubOrigin, resolveModel } from "../../src/hub/index.ts";
import { expectWhole, filesIn, hubAndCache, ID, needed, repository, weights } from "./models.ts";
import { startHub } from "./stand-in.ts";

describe("a model by its id", () => {
  test("is the files that a loader needs, byte by byte, in a folder of its name", async () => {
    await using world = await hubAndCache();
    const folder = await world.fetch();
    await expectWhole(folder);
    expect(basename(folder)).toBe("tiny-model");
    expect(await hubOrigin(folder)).toEqual({ id: ID, commit: world.hub.commitOf(ID) });
    expect(world.hub.sentOf("pytorch_model.bin") + world.hub.sentOf("model.onnx")).toBe(0);
    expect(await filesIn(world.cache)).not.toContainEqual(expect.stringMatching(/\.part$|lock$/));
  });

  test("is fetched once: then the Hub is asked for the commit, and for a commit nothing", async () => {
    await using world = await hubAndCache();
    const folder = await world.fetch();
    const before = world.hub.asked.length;
    expect(await world.fetch()).toBe(folder);
    expect(world.hub.asked.slice(before).map(({ url }) => url)).toEqual([
      expect.stringContaining(`/api/models/${ID}/revision/main`),
    ]);
    expect(await world.fetch({ revision: world.hub.commitOf(ID) })).toBe(folder);
    expect(world.hub.asked.length).toBe(before + 1);
  });

  test("tells how far it is, from what is there to all of it", async () => {
    await using world = await hubAndCache();
    const seen: FetchProgress[] = [];
    await world.fetch({ onProgress: (progress) => seen.push(progress) });
    const total = Object.values(needed).reduce((sum, x) => sum + Buffer.from(x).length, 0);
    expect(new Set(seen.map(({ totalBytes }) => totalBytes))).toEqual(new Set([total]));
    const bytes = seen.map(({ bytes }) => bytes);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(bytes.at(-1)).toBe(total);
    expect(new Set(seen.map(({ file }) => file))).toEqual(new Set(Object.keys(needed)));
  });

  test("has what else is asked for, and keeps it", async () => {
    await using world = await hubAndCache();
    const folder = await world.fetch();
    const more = { ...needed, "onnx/model.onnx": repository["onnx/model.onnx"] };
    const sent = world.hub.sentOf("model.safetensors");
    await world.fetch({ also: ["onnx/model.onnx"] });
    await expectWhole(folder, more);
    await world.fetch();
    await world.fetch({ also: ["README.md"] });
    await expectWhole(folder, { ...more, "README.md": repository["README.md"] });
    expect(world.hub.sentOf("model.safetensors")).toBe(sent);
    await world.fetch({ also: ["onnx/model.onnx", "README.md"], offline: true });
    await expect(world.fetch({ also: ["tf_model.h5"], offline: true })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("a revision", () => {
  test("is a branch, a tag or a commit; a branch that moves leaves the commit where it was", async () => {
    await using world = await hubAndCache();
    const first = await world.fetch();
    const commit = world.hub.commitOf(ID);
    const [moved, old] = [{ ...repository, "config.json": '{"model_type":"new"}' }, repository];
    world.hub.models = { [ID]: { main: moved, "v1.0": old, "refs/pr/7": moved } };
    const second = await world.fetch();
    expect(second).not.toBe(first);
    await expectWhole(first);
    await expectWhole(second, { ...needed, "config.json": '{"model_type":"new"}' });
    expect(await world.fetch({ revision: commit })).toBe(first);
    expect(await world.fetch({ revision: "v1.0" })).toBe(first);
    expect(await world.fetch({ revision: "refs/pr/7" })).toBe(second);
    expect(await world.fetch({ revision: "v1.0", offline: true })).toBe(first);
    expect(await world.fetch({ offline: true })).toBe(second);
  });

  test("stays where it was offline, while its next commit is not whole", async () => {
    await using world = await hubAndCache();
    const first = await world.fetch();
    world.hub.models = { [ID]: { main: { ...repository, "tokenizer.json": "{}" } } };
    world.hub.faults = { refuse: { url: "/tokenizer.json", status: 503 } };
    await expect(world.fetch()).rejects.toMatchObject({ code: "io" });
    expect(await world.fetch({ offline: true })).toBe(first);
  });

  test("of one Hub is not another's", async () => {
    await using world = await hubAndCache();
    await world.fetch();
    await using other = await startHub({ [ID]: { main: repository } });
    await expect(world.fetch({ endpoint: other.endpoint, offline: true })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("offline", () => {
  test("asks for nothing", async () => {
    await using world = await hubAndCache();
    const folder = await world.fetch();
    const before = world.hub.asked.length;
    expect(await world.fetch({ offline: true })).toBe(folder);
    expect(await world.fetch({ offline: true, revision: world.hub.commitOf(ID) })).toBe(folder);
    expect(world.hub.asked.length).toBe(before);
  });

  test.each([
    ["nothing of it", undefined, "main", "got nothing of it, wanted main"],
    ["another revision", "main", "v2", "got cached: main, wanted v2"],
    ["another commit", "main", "0".repeat(40), "got cached: main"],
  ])("with %s in the cache says so", async (_, cached, revision, message) => {
    await using world = await hubAndCache();
    if (cached !== undefined) await world.fetch({ revision: cached });
    const before = world.hub.asked.length;
    const error = await world.fetch({ offline: true, revision }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "not-found" });
    expect(error.message).toContain(`${ID}: not in the cache`);
    expect(error.message).toContain(message);
    expect(world.hub.asked.length).toBe(before);
  });

  test.each([
    ["a file cut short", (folder: string) => truncate(join(folder, "model.safetensors"), 10)],
    ["a file gone", (folder: string) => rm(join(folder, "config.json"))],
    [
      "a manifest that is none",
      (folder: string) => writeFile(join(folder, "..", "manifest.json"), "{"),
    ],
  ])("%s is said, and mended when the Hub may be asked", async (_, damage) => {
    await using world = await hubAndCache();
    const folder = await world.fetch();
    await damage(folder);
    const error = await world.fetch({ offline: true }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "bad-input" });
    expect(error.message).toContain("Fetch it without offline");
    await world.fetch();
    await expectWhole(folder);
  });
});

describe("which files", () => {
  const shards = {
    "model-00001-of-00002.safetensors": weights.subarray(0, 150_000),
    "model-00002-of-00002.safetensors": weights.subarray(150_000),
  };

  test("shards are those that the index names", async () => {
    const { "model.safetensors": _, ...rest } = needed;
    const weight_map = Object.fromEntries(Object.keys(shards).map((name, i) => [`w${i}`, name]));
    const index = { "model.safetensors.index.json": JSON.stringify({ weight_map }) };
    const stray = { "consolidated.safetensors": weights };
    await using world = await hubAndCache({ ...rest, ...shards, ...index, ...stray });
    await expectWhole(await world.fetch(), { ...rest, ...shards, ...index });
  });

  test("modules and a Router's routes are folders of their own", async () => {
    const files = {
      "modules.json": JSON.stringify([
        { path: "0_Router", type: "sentence_transformers.base.modules.router.Router" },
        { path: "1_Dense", type: "sentence_transformers.models.Dense" },
      ]),
      "0_Router/router_config.json": JSON.stringify({ types: { query_0_X: "X", doc_0_Y: "Y" } }),
      "0_Router/query_0_X/model.safetensors": "query",
      "0_Router/query_0_X/tokenizer.json": "{}",
      "0_Router/doc_0_Y/model.safetensors": "document",
      "1_Dense/config.json": "{}",
      "1_Dense/model.safetensors": "dense",
    };
    const beside = { "checkpoint-5/model.safetensors": "old", "2_Other/config.json": "{}" };
    await using world = await hubAndCache({ ...files, ...beside });
    await expectWhole(await world.fetch(), files);
  });

  test("a LoRA adapter is a model without weights of its own", async () => {
    const files = { "adapter_config.json": "{}", "adapter_model.safetensors": "lora" };
    await using world = await hubAndCache(files);
    await expectWhole(await world.fetch(), files);
  });

  test.each([
    ["a pickle alone", { "pytorch_model.bin": "x" }, /pytorch_model\.bin: weights as a pickle/],
    [
      "a module's pickle",
      {
        "model.safetensors": "x",
        "modules.json": '[{"path":""},{"path":"1_Dense"}]',
        "1_Dense/pytorch_model.bin": "x",
      },
      /1_Dense\/pytorch_model\.bin: weights as a pickle/,
    ],
    ["another program's", { "model.gguf": "x" }, /no weights in safetensors \(got model\.gguf/],
    ["none", {}, /no weights in safetensors \(got no weights/],
  ])("%s is refused before anything large is fetched", async (_, files, message) => {
    await using world = await hubAndCache({ "config.json": "{}", ...files });
    const error = await world.fetch().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("safetensors");
    expect(world.hub.sentOf("model.safetensors")).toBe(0);
    expect(world.hub.sentOf("config.json")).toBe(0);
  });
});

describe("a reference", () => {
  test("is a folder where there is one, whatever it looks like", async () => {
    await using world = await hubAndCache();
    const folder = join(world.cache, "..");
    expect(await resolveModel(folder)).toBe(folder);
    const options = { cache: world.cache, endpoint: world.hub.endpoint };
    await expectWhole(await resolveModel(ID, options));
  });

  test.each([
    ["of neither form", "models\\tiny", {}, "no such file or folder. A model of the Hub is called"],
    ["an absolute path", "/no/such", {}, "/no/such: cannot read: no such file or folder"],
    ["an id, without a cache", "no/such", undefined, "{ hub: { cache: FOLDER } }"],
    [
      "an id that the Hub does not know",
      "no/such",
      {},
      "A folder of this name is not there either",
    ],
    ["an id offline", "no/such", { offline: true }, "A folder of this name is not there either"],
  ])("%s and no folder: %s", async (_, reference, more, message) => {
    await using world = await hubAndCache();
    const options = more && { cache: world.cache, endpoint: world.hub.endpoint, ...more };
    const error = await resolveModel(reference, options).catch((thrown) => thrown);
    expect(error.message).toContain(message);
    expect(error.message).toContain(reference);
    expect(["not-found", "forbidden"]).toContain(error.code);
  });
});

test("a folder of the person's own has no origin", async () => {
  await using world = await hubAndCache();
  const folder = await world.fetch();
  expect(await hubOrigin(join(folder, ".."))).toBeUndefined();
  expect(await hubOrigin("src")).toBeUndefined();
});

test("options that make no sense are refused unasked", async () => {
  await using world = await hubAndCache();
  for (const [id, options, message] of [
    ["tiny-model", {}, "not a Hub id"],
    [ID, { revision: "../../main" }, "not a revision"],
    [ID, { token: "secret\nheader: x" }, "not a token"],
    [ID, { endpoint: "ftp://hub" }, "not the address of a Hub"],
  ] as const) {
    const all = { cache: world.cache, endpoint: world.hub.endpoint, ...options };
    const error = await fetchModel(id, all).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "bad-argument" });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("secret");
  }
  expect(world.hub.asked).toEqual([]);
});
