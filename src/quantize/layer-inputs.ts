/** What the layers of a model read while texts go through it: what formats are calibrated by. */
import { planBatches } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { graphOf, topological, type Value } from "../graph/node.ts";
import { encoderGraph } from "../models/encoder-graph.ts";
import type { Model } from "../models/model.ts";
import { batchingOf } from "../nn/batching.ts";
import { siteOf } from "../nn/linear-site.ts";
import { encodeModel } from "../onnx/encode.ts";
import { type Feeds, openSession } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Rows that layers read: `[T, width]` of tokens and padding, or in a head `[N, width]` of texts. */
export interface LayerInput {
  readonly x: Value;
  readonly width: number;
  /** Of the layers that read it. */
  readonly weights: readonly string[];
}

/** What the layers with these weights read, in the order of the graph; those that read the same are together. */
export function layerInputs(
  { architecture, config, head }: Model,
  layers: ReadonlySet<string>,
): LayerInput[] {
  const layout = batchingOf(architecture, head).layout();
  const { embeddings } = encoderGraph(architecture, config, head, layout);
  const found = new Map<Value, LayerInput>();
  for (const node of topological([embeddings])) {
    const site = siteOf(node);
    if (!site || !layers.has(site.weight)) continue;
    const x = node.inputs[0]!;
    const weights = [...(found.get(x)?.weights ?? []), site.weight];
    found.set(x, { x, width: site.in, weights });
  }
  return [...found.values()];
}

/** Token ids of documents, in batches. */
export type DocumentBatches = readonly (readonly Int32Array[])[];

/** Tokens that go through the model at once. */
const BATCH_TOKENS = 2048;

/** @throws bad-input where the texts have no tokens */
export function documentBatches(
  { tokenizer, maxTokens: maxLength, prompts }: Model,
  texts: readonly string[],
): DocumentBatches {
  const sequences = texts.map(
    (text) => tokenizer.encode(prompts.document + text, { maxLength }).ids,
  );
  const lengths = sequences.map(({ length }) => length);
  const batches = planBatches(lengths, { maxBatchTokens: BATCH_TOKENS });
  if (batches.length === 0) {
    const wanted = "texts like those that will be embedded";
    throw new NearfoldError("bad-input", "there is nothing to calibrate by", { wanted });
  }
  return batches.map((batch) => batch.map((i) => sequences[i]));
}

export interface ObserveOptions {
  /** Inputs of the outputs' own, of a batch of so many tokens in so many rows: the rest is padding. @default none */
  readonly feeds?: (batch: { readonly tokens: number; readonly rows: number }) => Feeds;
  readonly signal?: AbortSignal | undefined;
}

/** What the values are, batch after batch. @throws aborted */
export async function* observe(
  { architecture, head, weights }: Model,
  values: readonly Value[],
  batches: DocumentBatches,
  { feeds: own, signal }: ObserveOptions = {},
): AsyncGenerator<Tensor[]> {
  const graph = graphOf(Object.fromEntries(values.map((value, i) => [`${i}`, value])));
  const { opsets } = architecture.imported ?? {};
  const { bytes } = encodeModel(graph, { ...(opsets && { opsets }) });
  await using session = await openSession(bytes, { memoryPattern: false });
  for (const batch of batches) {
    throwIfAborted(signal, "calibrating");
    const { feeds, tokens } = batchingOf(architecture, head).pack(batch);
    const rows = feeds.input_ids.data.length;
    const results = await session.run({
      ...Object.fromEntries(weights),
      ...feeds,
      ...own?.({ tokens, rows }),
    });
    yield values.map((_, i) => results[`${i}`]);
  }
}
