/** The vectors of tokens, before they are pooled, of each way to lay out a batch. */
import { expect, test } from "vitest";
import { openForward } from "../src/encoder/index.ts";
import { noHead } from "../src/models/head.ts";
import { loadModel, type Model, poolingHead } from "../src/models/index.ts";
import { exportedFolder, fixturePath } from "./onnx/exports.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert, tinyLlama, tinyStatic } from "./tiny-models.ts";

async function imported(): Promise<Model> {
  await using folder = await temporaryFolder();
  return await loadModel(await exportedFolder(folder.path, fixturePath("bert-optimum")));
}

const models: [string, () => Model | Promise<Model>][] = [
  ["packed", tinyBert],
  ["packed, of a decoder", tinyLlama],
  ["bags", tinyStatic],
  ["padded", imported],
];

const sequencesOf = ({ tokenizer, maxTokens }: Model, some: readonly string[]) =>
  some.map((text) => tokenizer.encode(text, { maxLength: maxTokens }).ids);

test.each(models)(
  "%s: their mean is the vector of the text, in whatever company",
  async (_, make) => {
    const model = await make();
    const head = poolingHead("mean", { normalize: false });
    await using forward = await openForward({ ...model, head }, { tokens: true });
    const words = texts.filter((text) => text !== "");
    const sequences = sequencesOf(model, [...words, words[0]]);
    const pooled = await forward.run(sequences, new Int32Array(sequences.length));
    const tokens = await forward.runTokens!(sequences);
    const width = pooled.length / sequences.length;
    const count = sequences.reduce((sum, { length }) => sum + length, 0);
    expect(tokens.length).toBe(count * width);
    let first = 0;
    for (const [i, { length }] of sequences.entries()) {
      const rows = tokens.subarray(first * width, (first + length) * width);
      const mean = Float32Array.from({ length: width }, (_, d) => {
        let sum = 0;
        for (let t = 0; t < length; t++) sum += rows[t * width + d];
        return sum / length;
      });
      const wanted = pooled.subarray(i * width, (i + 1) * width);
      expect(mean).toBeClose(wanted, { rtol: 0, atol: 1e-5 });
      const alone = await forward.runTokens!([sequences[i]]);
      expect(alone).toBeClose(rows, { rtol: 0, atol: 1e-5 });
      first += length;
    }
  },
);

test("are there only where they are asked for, and where a graph shows them", async () => {
  const model = await imported();
  await using plain = await openForward(model, {});
  await using pooled = await openForward({ ...model, head: noHead }, { tokens: true });
  expect([plain.runTokens, pooled.runTokens]).toEqual([undefined, undefined]);
});
