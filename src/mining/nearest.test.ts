import fc from "fast-check";
import { expect, it } from "vitest";
import { normalizeText } from "../data/normalize.ts";
import { fillNormal } from "../graph/rng.ts";
import { Nearest } from "./nearest.ts";

const space = (dims: number, similarity: "cosine" | "dot" = "cosine") => ({
  name: "model",
  space: { id: "sha256:", dims, similarity },
});
const random = (rows: number, dims: number, seed: number) =>
  fillNormal(new Float32Array(rows * dims), { seed });
const unit = (vectors: Float32Array, dims: number) =>
  Float32Array.from(vectors, (x, i) => {
    const start = i - (i % dims);
    return x / Math.hypot(...vectors.subarray(start, start + dims));
  });

it("is what comparing all with all finds, however the stream is cut", async () => {
  const [dims, count, k] = [5, 300, 7];
  const queries = unit(random(3, dims, 1), dims);
  const vectors = random(count, dims, 2);
  const rows = unit(vectors, dims);
  const scoreOf = (query: number, row: number) => {
    let sum = 0;
    for (let i = 0; i < dims; i++) sum += queries[query * dims + i] * rows[row * dims + i];
    return sum;
  };
  await using nearest = await Nearest.open(queries, k, space(dims));
  for (let first = 0, size = 1; first < count; first += size, size += 13) {
    const end = Math.min(first + size, count);
    const texts = Array.from({ length: end - first }, (_, i) => `text ${first + i}`);
    await nearest.add(texts, vectors.subarray(first * dims, end * dims));
  }
  for (const query of [0, 1, 2]) {
    const wanted = Array.from({ length: count }, (_, row) => row)
      .sort((a, b) => scoreOf(query, b) - scoreOf(query, a))
      .slice(0, k);
    const found = nearest.found(query);
    expect(found.map(({ text }) => text)).toEqual(wanted.map((row) => `text ${row}`));
    const scores = wanted.map((row) => scoreOf(query, row));
    expect(found.map(({ score }) => score)).toBeClose(scores, { atol: 1e-6 });
  }
});

it("of equal scores what came first; by dot product, vectors keep their length", async () => {
  await using nearest = await Nearest.open(Float32Array.of(1, 0), 3, space(2, "dot"));
  await nearest.add(["short", "long"], Float32Array.of(1, 5, 3, 5));
  await nearest.add(["as long", "longer"], Float32Array.of(3, -5, 4, 0));
  expect(nearest.found(0)).toEqual([
    { text: "longer", score: 4 },
    { text: "long", score: 3 },
    { text: "as long", score: 3 },
  ]);
});

it("each text once, as it is spelt where it is nearest, however the stream is cut", async () => {
  const [k, kinds] = [4, 9];
  const part = fc.array(
    fc.record({ kind: fc.nat(kinds - 1), upper: fc.boolean(), score: fc.integer({ max: 20 }) }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      await using nearest = await Nearest.open(Float32Array.of(1, -1), k, space(1, "dot"));
      const stream: { text: string; score: number }[] = [];
      for (const part of parts) {
        const texts = part.map(({ kind, upper }) => (upper ? `TEXT  ${kind}` : `text ${kind}`));
        await nearest.add(
          texts,
          Float32Array.from(part, ({ score }) => score),
        );
        stream.push(...part.map(({ score }, i) => ({ text: texts[i], score })));
      }
      for (const [query, sign] of [1, -1].entries()) {
        const ranked = stream
          .map(({ text, score }) => ({ text, score: 0 + Math.fround(sign * score) })) // 0 + -0 is 0
          .sort((a, b) => b.score - a.score);
        const keys = ranked.map(({ text }) => normalizeText(text));
        const wanted = ranked.filter((_, i) => keys.indexOf(keys[i]) === i).slice(0, k);
        expect(nearest.found(query)).toEqual(wanted);
      }
    }),
    { numRuns: 20 },
  );
});

it("lets go of texts that were a query's best once: what is held does not grow with the stream", async () => {
  const part = 500;
  await using nearest = await Nearest.open(Float32Array.of(1, -1), 5, space(1, "dot"));
  const most = { firstHalf: 0, secondHalf: 0 };
  for (let n = 0; n < 100; n++) {
    // Each text is nearer to the first query than all before it.
    const vectors = Float32Array.from({ length: part }, (_, i) => n * part + i);
    await nearest.add(Array.from(vectors, String), vectors);
    const half = n < 50 ? "firstHalf" : "secondHalf";
    most[half] = Math.max(most[half], nearest.held);
  }
  expect(most.secondHalf).toBe(most.firstHalf);
  expect(most.secondHalf).toBeLessThan(10_000);
  expect(nearest.found(0).map(({ text }) => text)).toEqual(
    [49_999, 49_998, 49_997, 49_996, 49_995].map(String),
  );
  expect(nearest.found(1).map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map(String));
});

it("a vector that holds a NaN is named", async () => {
  await using nearest = await Nearest.open(Float32Array.of(1, 0), 1, space(2));
  await nearest.add(["a"], Float32Array.of(1, 0));
  await expect(nearest.add(["b", "c"], Float32Array.of(1, 0, Number.NaN, 0))).rejects.toThrow(
    "text 2",
  );
});
