import { describe, expect, test } from "vitest";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { openEncoder } from "../encoder/index.ts";
import { widthOf } from "../models/index.ts";
import { floats } from "../tensor/tensor.ts";
import { narrowStudent } from "./narrow-student.ts";
import { withProjection } from "./projection.ts";
import { staticStudent, tokenOutputs, withoutMean } from "./static-student.ts";
import { withTeacherScores } from "./teacher-scores.ts";
import { inverseFrequency, tokenFrequencies, zipfFrequencies } from "./token-frequency.ts";

describe("a bag of tokens", () => {
  test("begins with the teacher's vector of each token alone; special tokens are 0", async () => {
    const teacher = tinyBert();
    const { data, shape } = await tokenOutputs(teacher);
    expect(shape).toEqual([teacher.tokenizer.vocabSize, 32]);
    const row = (id: number) => data.subarray(id * 32, (id + 1) * 32);
    const fox = teacher.tokenizer.encode("fox").ids;
    expect(fox).toHaveLength(3);
    await using encoder = await openEncoder({ ...teacher, prompts: { query: "", document: "" } });
    const { vectors } = await encoder.encode(["fox"]);
    const length = Math.hypot(...row(fox[1]));
    expect(row(fox[1]).map((x) => x / length)).toBeClose(vectors, { rtol: 1e-4, atol: 1e-5 });
    expect([...row(fox[0])].every((x) => x === 0)).toBe(true);
  });

  test("is the weighted mean of its tokens' rows, of length 1", async () => {
    const teacher = tinyBert();
    const table = await tokenOutputs(teacher);
    const weights = Float64Array.from({ length: table.shape[0] }, (_, id) => 1 / (1 + id));
    const student = staticStudent(teacher, table, { name: "bag", weights });
    await using encoder = await openEncoder(student);
    const { vectors } = await encoder.encode(["the lazy fox"]);
    const ids = student.tokenizer.encode("the lazy fox").ids;
    const sum = Array.from({ length: 32 }, (_, k) =>
      ids.reduce((all, id) => all + weights[id] * table.data[id * 32 + k], 0),
    );
    const length = Math.hypot(...sum);
    expect(vectors).toBeClose(
      sum.map((x) => x / length),
      { rtol: 1e-4, atol: 1e-5 },
    );
  });

  test("what all tokens share is taken from them, but not from those that are 0", () => {
    const { data } = withoutMean(floats([1, 2, 0, 0, 3, 6], [3, 2]));
    expect([...data]).toEqual([-1, -2, 0, 0, 1, 2]);
  });

  test("of a bag is that bag's rows", async () => {
    const teacher = tinyStatic();
    const { data } = await tokenOutputs(teacher);
    const id = teacher.tokenizer.encode("fox").ids[0];
    const wanted = teacher.weights.get("embedding.weight")!.data.subarray(id * 48, id * 48 + 48);
    expect(data.subarray(id * 48, id * 48 + 48)).toBeClose(wanted, { rtol: 1e-5, atol: 1e-6 });
  });
});

describe("how much a token counts", () => {
  test("shares are of all tokens, and add up to 1", () => {
    const { tokenizer } = tinyBert();
    const shares = tokenFrequencies(tokenizer, ["fox fox dog"]);
    const [fox, dog] = ["fox", "dog"].map((word) => tokenizer.encode(word).ids[1]);
    expect(shares[fox] / shares[dog]).toBeCloseTo(3 / 2, 6);
    expect(shares.reduce((sum, x) => sum + x)).toBeCloseTo(1, 9);
  });

  test("Zipf's law, by id", () => {
    const shares = zipfFrequencies(3);
    expect([...shares].map((x) => x / shares[0])).toBeClose([1, 2 / 3, 1 / 2], { rtol: 1e-12 });
  });

  test("half where a token is one in 1 / a", () => {
    const found = inverseFrequency(Float64Array.of(0, 1e-3, 3e-3), 1e-3);
    expect([...found]).toBeClose([1, 0.5, 0.25], { rtol: 1e-12 });
  });
});

describe("another shape", () => {
  const narrow = { hidden_size: 16, num_attention_heads: 2, num_hidden_layers: 1 };
  const config = (more: object) => ({ ...tinyBert().configJson, ...narrow, ...more });

  test("of the same width shares the teacher's embeddings; a narrower one has their axes", async () => {
    const teacher = tinyBert();
    const name = "embeddings.word_embeddings.weight";
    const same = narrowStudent(teacher, config({ hidden_size: 32 }), { name: "same" });
    expect(same.weights.get(name)).toBe(teacher.weights.get(name));
    const student = narrowStudent(teacher, config({}), { name: "narrow" });
    expect(widthOf(student)).toBe(16);
    // Along the longest half of the axes lies most of the table.
    const square = (data: Float32Array) => data.reduce((sum, x) => sum + x * x, 0);
    const kept = square(student.weights.get(name)!.data) / square(teacher.weights.get(name)!.data);
    expect(kept).toBeGreaterThan(0.6);
    expect(kept).toBeLessThan(1);
    await using encoder = await openEncoder(student);
    expect((await encoder.encode(texts)).vectors.every(Number.isFinite)).toBe(true);
  });

  test("same seed, same weights; another seed, others", () => {
    const of = (seed: number) =>
      narrowStudent(tinyBert(), config({}), { name: "n", seed }).weights.get(
        "encoder.layer.0.output.dense.weight",
      )!.data;
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});

test("a projection is a dense layer before the vectors have length 1", async () => {
  const wide = withProjection(tinyBert(), 40);
  expect(widthOf(wide)).toBe(40);
  await using encoder = await openEncoder(wide);
  const { vectors } = await encoder.encode(["the lazy fox"]);
  expect(Math.hypot(...vectors)).toBeCloseTo(1, 5);
});

test("a teacher's scores are its cosines, where the row has none", () => {
  const vectors: Record<string, number[]> = { q: [3, 4], p: [0, 2], n: [1, 0] };
  const rows = [
    { anchor: "q", positive: "p", negatives: ["n"] },
    { anchor: "q", positive: "p", negatives: ["n"], label: [7, 8] },
  ];
  const found = withTeacherScores(rows, (text) => Float32Array.from(vectors[text]));
  expect(found[0].label).toBeClose([0.8, 0.6], { rtol: 1e-6 });
  expect(found[1].label).toEqual([7, 8]);
});
