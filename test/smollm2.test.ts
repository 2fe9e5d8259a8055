import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { loadModel } from "../src/models/index.ts";
import { parseSafetensors } from "../src/tensor/safetensors.ts";
import { shared, sharedIsThere, whereShared } from "./shared.ts";
import { smolLm2, smolLm2IsThere, whereSmolLm2 } from "./smollm2.ts";

interface Reference {
  readonly texts: string[];
  readonly input_ids: number[][];
}

describe("SmolLM2-135M, a real language model in bfloat16", () => {
  const same = "gives the token ids, and the mean and last hidden state, of transformers";
  const isThere = smolLm2IsThere && sharedIsThere;
  test.skipIf(!isThere)(
    whereShared(whereSmolLm2(same)),
    async () => {
      const path = shared("models/smollm2-135m/reference");
      const reference = JSON.parse(await readFile(`${path}.json`, "utf8")) as Reference;
      const { tensors } = parseSafetensors(await readFile(`${path}.safetensors`));
      const model = await loadModel(smolLm2);
      const ids = reference.texts.map((text) => [...model.tokenizer.encode(text).ids]);
      expect(ids).toEqual(reference.input_ids);

      const width = 576;
      const head = { pooling: ["mean", "lasttoken"], includePrompt: true, layers: [] } as const;
      const card = { ...model.card, dims: [2 * width] };
      await using encoder = await openEncoder({ ...model, head, card, maxTokens: 512 });
      const { vectors } = await encoder.encode(reference.texts);
      const [mean, last] = ["mean", "last"].map((name) => tensors.get(name)!.data as Float32Array);
      reference.texts.forEach((text, i) => {
        const row = vectors.subarray(2 * i * width, 2 * (i + 1) * width);
        const of = (all: Float32Array) => all.subarray(i * width, (i + 1) * width);
        const close = { rtol: 1e-4, atol: 3e-5 };
        expect(row.subarray(0, width), `mean of ${text}`).toBeClose(of(mean), close);
        expect(row.subarray(width), `last of ${text}`).toBeClose(of(last), close);
      });
    },
    240_000,
  );
});
