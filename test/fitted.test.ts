/** What a model's folder says of the space that it was fitted to. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { loadModel, saveModel, spaceOf } from "../src/models/index.ts";
import { floats } from "../src/tensor/tensor.ts";
import { temporaryFolder } from "./temporary.ts";
import { tinyStatic } from "./tiny-models.ts";

const agreement = { texts: 100, cosine: 0.9, overlap: 0.8 };

function fittedModel() {
  const model = tinyStatic();
  const space = { id: `sha256:${"a".repeat(64)}`, dims: 48, similarity: "cosine" as const };
  const fitted = { space, teacher: "large", agreement, of: spaceOf(model).id };
  return { ...model, card: { ...model.card, fitted } };
}

test("it is saved and read, in the card for people too", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model");
  await saveModel(path, fittedModel());
  const { card } = await loadModel(path);
  expect(card.fitted).toEqual(fittedModel().card.fitted);
  expect(await readFile(join(path, "README.md"), "utf8")).toContain(
    "Fitted to the space of `large`, whose index it may query: mean cosine 0.900, 80 % of",
  );
  await using encoder = await openEncoder(path);
  expect(encoder.fitted).toMatchObject({ teacher: "large", agreement });
});

test("it is true of the weights that it was measured with: others drop it", async () => {
  await using folder = await temporaryFolder();
  const model = fittedModel();
  const weights = new Map(
    [...model.weights].map(([name, { data, shape }]) => [
      name,
      floats(
        data.map((x) => 2 * x),
        shape,
      ),
    ]),
  );
  const changed = { ...model, weights };
  const path = join(folder.path, "model");
  await saveModel(path, changed);
  expect((await loadModel(path)).card.fitted).toBeUndefined();
  await using encoder = await openEncoder(changed);
  expect(encoder.fitted).toBeUndefined();
});

test.each([
  ["no agreement", { agreement: undefined }],
  ["no space", { space: { id: "a", dims: 48, similarity: "cosine" } }],
  ["a teacher without a name", { teacher: 3 }],
  ["figures that are none", { agreement: { texts: 1, overlap: "x" } }],
])("a card with %s is refused", async (_, by) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model");
  await saveModel(path, fittedModel());
  const at = join(path, "nearfold.json");
  const json = JSON.parse(await readFile(at, "utf8"));
  await writeFile(at, JSON.stringify({ ...json, fitted: { ...json.fitted, ...by } }));
  await expect(loadModel(path)).rejects.toThrow(/field "fitted" is not usable/);
});
