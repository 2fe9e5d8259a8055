import { describe, expect, test } from "vitest";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import type { Model } from "../models/model.ts";
import { floats } from "../tensor/tensor.ts";
import { openEncoder } from "./index.ts";

const models: [string, () => Model, number][] = [
  ["bert", tinyBert, 32],
  ["static", tinyStatic, 48],
];

const length = (row: ArrayLike<number>) => Math.hypot(...Array.from(row));

describe.each(models)("%s", (name, make, width) => {
  const row = (vectors: Float32Array, i: number, dims = width) =>
    vectors.subarray(i * dims, (i + 1) * dims);

  test("a vector does not depend on its company, nor on the size of batches", async () => {
    await using all = await openEncoder(make());
    await using small = await openEncoder(make(), { maxBatchTokens: 50 });
    const { vectors, tokens } = await all.encode(texts);
    const inSmall = await small.encode(texts);
    expect(inSmall.vectors).toBeClose(vectors, { rtol: 0, atol: 1e-6 });
    expect(inSmall.tokens).toBe(tokens);
    for (const [i, text] of texts.entries()) {
      const alone = await all.encode([text]);
      expect(alone.vectors).toBeClose(row(vectors, i), { rtol: 0, atol: 1e-6 });
    }
  });

  test("several batches at once give the same vectors, in their order", async () => {
    await using one = await openEncoder(make());
    await using several = await openEncoder(make(), { workers: 2, maxBatchTokens: 20 });
    const wanted = await one.encode(texts);
    const reports: number[] = [];
    const found = await several.encode(texts, { onProgress: (done) => reports.push(done.texts) });
    expect(found.vectors).toBeClose(wanted.vectors, { rtol: 0, atol: 1e-6 });
    expect(reports.at(-1)).toBe(texts.length);
    const signal = AbortSignal.abort();
    await expect(several.encode(texts, { signal })).rejects.toMatchObject({ code: "aborted" });
    expect((await several.encode(texts)).vectors).toEqual(found.vectors);
  });

  test("unit vectors; a text without tokens is 0; the long text is said to be cut", async () => {
    await using encoder = await openEncoder(make());
    const { vectors, truncated, tokens } = await encoder.encode(texts);
    texts.forEach((text, i) => {
      const wanted = text === "" && name === "static" ? 0 : 1;
      expect(length(row(vectors, i))).toBeCloseTo(wanted, 5);
    });
    expect(truncated).toEqual([6]);
    expect(tokens).toBeGreaterThan(encoder.maxTokens);
  });

  test("fewer dimensions are the leading ones, of length 1 again", async () => {
    await using encoder = await openEncoder(make());
    const dims = encoder.dims[1];
    const { vectors } = await encoder.encode(texts);
    const cut = await encoder.encode(texts, { dims });
    expect(cut.dims).toBe(dims);
    const whole = row(vectors, 0).subarray(0, dims);
    const wanted = whole.map((x) => x / length(whole));
    expect(row(cut.vectors, 0, dims)).toBeClose(wanted, { rtol: 0, atol: 1e-6 });
    await expect(encoder.encode(texts, { dims: dims - 1 })).rejects.toMatchObject({
      code: "bad-argument",
    });
  });

  test("the prompt of the role is put before the text", async () => {
    await using encoder = await openEncoder(make());
    const query = await encoder.encode(["the lazy fox"], { role: "query" });
    const spelled = await encoder.encode(["query: the lazy fox"]);
    expect(query.vectors).toEqual(spelled.vectors);
  });

  test("a stream comes in its order, in parts, and is the same", async () => {
    await using encoder = await openEncoder(make(), { maxBatchTokens: 2 });
    const { vectors } = await encoder.encode(texts);
    async function* stream() {
      for (const text of texts) yield text;
    }
    const seen: string[] = [];
    let parts = 0;
    const progress: number[] = [];
    const onProgress = ({ texts }: { readonly texts: number }) => progress.push(texts);
    for await (const part of encoder.encodeStream(stream(), { onProgress })) {
      expect(part.first).toBe(seen.length);
      for (const [i, text] of part.texts.entries()) {
        const wanted = row(vectors, part.first + i);
        expect(row(part.vectors, i)).toBeClose(wanted, { rtol: 0, atol: 1e-6 });
        seen.push(text);
      }
      parts++;
    }
    expect(seen).toEqual(texts);
    expect(parts).toBeGreaterThan(1);
    expect(progress.at(-1)).toBe(texts.length);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  test("in a worker the vectors are the same", async () => {
    await using here = await openEncoder(make());
    await using there = await openEncoder(make(), { worker: true });
    const [a, b] = [await here.encode(texts), await there.encode(texts)];
    expect(b.vectors).toEqual(a.vectors);
  });

  test("the space is that of the weights, whatever the card says", async () => {
    await using one = await openEncoder(make());
    await using same = await openEncoder(make());
    const model = make();
    const [first, tensor] = [...model.weights].find(([key]) => key.includes("mbedding"))!;
    const data = tensor.data.slice();
    data[0] += 1;
    const weights = new Map([...model.weights, [first, floats(data, tensor.shape)]]);
    await using other = await openEncoder({ ...model, weights });
    expect(same.space).toEqual(one.space);
    expect(other.space.id).not.toBe(one.space.id);
    expect(one.space.id).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("a weight that is NaN is found in the vector of its text", async () => {
    const model = make();
    const weights = new Map(
      [...model.weights].map(([name, { shape, data }]) => [
        name,
        floats(new Float32Array(data.length).fill(Number.NaN), shape),
      ]),
    );
    await using encoder = await openEncoder({ ...model, weights });
    await expect(encoder.encode(["", "the lazy fox"])).rejects.toMatchObject({
      code: "not-finite",
    });
  });
});

test("an abort stops between two batches", async () => {
  await using encoder = await openEncoder(tinyBert(), { maxBatchTokens: 10 });
  const controller = new AbortController();
  let batches = 0;
  const running = encoder.encode(texts, {
    signal: controller.signal,
    onProgress: () => ++batches === 2 && controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ code: "aborted" });
  expect(batches).toBe(2);
});

test("no texts, no vectors", async () => {
  await using encoder = await openEncoder(tinyStatic());
  const { vectors, truncated, tokens } = await encoder.encode([]);
  expect({ size: vectors.length, truncated, tokens }).toEqual({
    size: 0,
    truncated: [],
    tokens: 0,
  });
});

test.each([0, -1, Number.NaN])("maxBatchTokens %d is refused", async (maxBatchTokens) => {
  await expect(openEncoder(tinyStatic(), { maxBatchTokens })).rejects.toMatchObject({
    code: "bad-argument",
  });
});
