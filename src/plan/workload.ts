/** What a model has to do, counted before it is asked to: from its weights, and from some of the texts. */
import type { Model } from "../models/model.ts";
import { layerCount } from "../models/select-layers.ts";
import { quantizable } from "../quantize/quantize-model.ts";
import type { GivenModel } from "./axes.ts";
import type { Workload } from "./estimate.ts";
import { quantileOf } from "./quantile.ts";

/** What the axes ask of a model. */
export function givenModel(model: Model): GivenModel {
  const { architecture, card } = model;
  const isStatic = architecture.batches === "bags";
  return { ...(architecture.layers && { layers: layerCount(model) }), dims: card.dims, isStatic };
}

/** Tokens and weights; of a model whose layers cannot be told, none: then nothing is ruled out by them. */
export function workloadOf(
  model: Model,
  texts: { readonly queries: readonly string[]; readonly documents: readonly string[] },
): Omit<Workload, "speed"> {
  const { tokenizer, maxTokens: maxLength, prompts } = model;
  const lengths = (role: keyof typeof prompts, some: readonly string[]) =>
    some.map((text) => tokenizer.encode(prompts[role] + text, { maxLength }).ids.length);
  const documents = lengths("document", texts.documents);
  return {
    linearWeights: linearWeights(model),
    queryTokens: quantileOf(lengths("query", texts.queries), 0.95),
    documentTokens: documents.reduce((sum, length) => sum + length, 0) / documents.length,
  };
}

function linearWeights(model: Model): number {
  if (model.architecture.imported || model.queryTower) return 0;
  return quantizable(model).layers.reduce(
    (sum, name) => sum + model.weights.get(name)!.data.length,
    0,
  );
}
