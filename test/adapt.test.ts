import { describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { type AdaptOptions, adaptModel, type Model } from "../src/models/index.ts";
import { tinyBert, tinyLlama } from "./tiny-models.ts";

async function vectors(model: Model, texts: readonly string[]) {
  await using encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(texts);
  return texts.map((_, i) => vectors.slice(i * dims, (i + 1) * dims));
}

const near = (a: Float32Array, b: Float32Array) =>
  a.every((value, i) => Math.abs(value - b[i]) < 1e-5);

describe("a decoder adapted", () => {
  const first = "the quick brown fox";
  const longer = "the quick brown fox jumps over the lazy dog";

  test("with bidirectional attention, its first token knows what follows; causal, it does not", async () => {
    for (const [attention, same] of [
      ["causal", true],
      ["bidirectional", false],
    ] as const) {
      const model = adaptModel(tinyLlama(), { attention, pooling: "cls" });
      const [a, b] = await vectors(model, [first, longer]);
      expect(near(a, b), attention).toBe(same);
    }
  });

  test("is what its config says: saved and parsed again, the attention is the same", () => {
    const { config, configJson } = adaptModel(tinyLlama(), { attention: "bidirectional" });
    expect(configJson.is_causal).toBe(false);
    expect(config).toMatchObject({ causal: false });
  });

  test("by prompts, pooling and limit gives other vectors, of another space", async () => {
    const plain = tinyLlama();
    const [wanted] = await vectors(plain, [longer]);
    const { space } = await openSpace(plain);
    const changes: AdaptOptions[] = [
      { prompts: { document: "lazy dog " } },
      { pooling: "lasttoken" },
      { maxTokens: 4 },
    ];
    for (const change of changes) {
      const model = adaptModel(plain, change);
      const [found] = await vectors(model, [longer]);
      expect(near(found, wanted), JSON.stringify(change)).toBe(false);
      expect((await openSpace(model)).space.id).not.toBe(space.id);
    }
  });
});

async function openSpace(model: Model) {
  await using encoder = await openEncoder(model);
  return { space: encoder.space };
}

test.each([
  [
    "an encoder's attention cannot be chosen",
    tinyBert,
    { attention: "causal" },
    /got causal, for bert/,
  ],
  ["more tokens than positions", tinyLlama, { maxTokens: 4096 }, /got 4096, wanted at most 128/],
] as const)("%s", (_, model, options, message) => {
  expect(() => adaptModel(model(), options)).toThrow(message);
});
