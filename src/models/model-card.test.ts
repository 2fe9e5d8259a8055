import { expect, test } from "vitest";
import { exportedModels } from "../../test/exported-models.ts";
import { modelCard } from "./model-card.ts";

const pipeline = 'pipeline("feature-extraction"';
const graph = "const { sentence_embedding } = await model(";

test.each<[name: string, says: readonly string[], not: readonly string[]]>([
  ["bert", ["With sentence-transformers:", pipeline, 'pooling: "mean", normalize: true'], [graph]],
  ["bert-cls", [pipeline, 'pooling: "cls", normalize: false'], [graph]],
  ["bert-dense", [graph, "a dense layer to 24 (Tanh), normalized"], [pipeline]],
  ["bert-poolings", [graph, "weightedmean + max + lasttoken, normalized"], [pipeline]],
  ["t5", [graph], [pipeline]],
  ["qwen3", ["With sentence-transformers:", graph], [pipeline]],
  ["qwen3-bidirectional", ["on transformers 5.2 or newer", pipeline], []],
  ["gemma3-bidirectional", ["on transformers 4.56.2 or newer", graph], [pipeline]],
])("how %s is used elsewhere", async (name, says, not) => {
  const { model } = await exportedModels[name]();
  const card = modelCard(model, model.card);
  for (const part of says) expect(card).toContain(part);
  for (const part of not) expect(card).not.toContain(part);
});
