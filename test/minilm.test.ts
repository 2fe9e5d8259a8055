import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readSts } from "../src/data/index.ts";
import { openEncoder } from "../src/encoder/index.ts";
import { spearman } from "../src/evaluate/index.ts";
import { loadModel, poolingHead } from "../src/models/index.ts";
import { parseSafetensors } from "../src/tensor/safetensors.ts";
import { miniLm, miniLmIsThere, whereMiniLm } from "./minilm.ts";
import { shared, sharedIsThere, whereShared } from "./shared.ts";

describe("all-MiniLM-L6-v2, a real sentence embedder", () => {
  const read = "is read as sentence-transformers reads it";
  test.skipIf(!miniLmIsThere)(whereMiniLm(read), async () => {
    const { head, maxTokens, prompts, weights, card } = await loadModel(miniLm);
    expect({ head, maxTokens, prompts }).toEqual({
      head: poolingHead(),
      maxTokens: 256,
      prompts: { query: "", document: "" },
    });
    expect(weights.has("pooler.dense.weight")).toBe(true);
    expect(weights.has("embeddings.position_ids")).toBe(false);
    expect(card.space).toMatchObject({ dims: 384, similarity: "cosine" });
  });

  const same = "gives the vectors of sentence-transformers";
  test.skipIf(!miniLmIsThere || !sharedIsThere)(whereShared(whereMiniLm(same)), async () => {
    const path = shared("models/all-minilm-l6-v2/reference");
    const { texts } = JSON.parse(await readFile(`${path}.json`, "utf8")) as { texts: string[] };
    const { tensors } = parseSafetensors(await readFile(`${path}.safetensors`));
    const [wanted] = [...tensors.values()];
    await using encoder = await openEncoder(miniLm);
    const { vectors, truncated } = await encoder.encode(texts);
    expect(vectors).toBeClose(wanted.data as Float32Array, { rtol: 0, atol: 1e-5 });
    expect(truncated.length).toBeGreaterThan(0);
  });

  const known = "has the known score on STS-B test";
  test.skipIf(!miniLmIsThere || !sharedIsThere)(whereShared(whereMiniLm(known)), async () => {
    const rows = await Array.fromAsync(readSts(shared("data/stsbenchmark/test.jsonl")));
    await using encoder = await openEncoder(miniLm);
    const { vectors, dims } = await encoder.encode(
      rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]),
    );
    const cosines = rows.map((_, row) => {
      const [a, b] = [2 * row * dims, (2 * row + 1) * dims];
      return vectors.subarray(a, b).reduce((sum, x, i) => sum + x * vectors[b + i], 0);
    });
    const wanted = rows.map(({ score }) => score);
    expect(spearman(cosines, wanted)).toBeCloseTo(0.8203, 4);
  });
});
