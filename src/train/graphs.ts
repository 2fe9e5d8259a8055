/** The graphs of a training step: encode, loss, and their gradients, apart or as one. */
import { bug, NearfoldError } from "../errors.ts";
import { type Gradients, gradients } from "../graph/grad.ts";
import {
  type Graph,
  graphOf,
  input,
  inputName,
  isInput,
  scalar,
  type Value,
} from "../graph/node.ts";
import { concat, dimOf, div, split, zerosLike } from "../graph/ops/index.ts";
import { share } from "../graph/rewrite.ts";
import type { Loss } from "../losses/loss.ts";
import type { Architecture } from "../models/architecture.ts";
import { type EncoderGraph, encoderGraph } from "../models/encoder-graph.ts";
import type { Head } from "../models/head.ts";
import { batchingOf } from "../nn/batching.ts";
import { fakeQuantizeWeights } from "../nn/fake-quantized-weights.ts";
import { int8Products } from "../nn/int8-training.ts";
import { nextTokenLoss } from "../nn/language-head.ts";
import { type LinearSite, linearWeights } from "../nn/linear-site.ts";
import { addLora, type LoraConfig } from "../nn/lora.ts";
import { predictionInputs } from "../nn/predictions.ts";
import { quantizeWeights } from "../nn/quantized-weights.ts";
import type { WeightFormats } from "../nn/weight-format.ts";
import type { BatchShape } from "./batch.ts";
import type { Precision } from "./options.ts";

/** What is trained. */
export interface Encoding {
  readonly architecture: Architecture;
  readonly config: unknown;
  readonly head: Head;
  /** Apply the config's dropout. */
  readonly dropout: boolean;
  /** Train adapters; all else is frozen. @default train everything */
  readonly lora?: LoraConfig;
  /** Weights that are rounded where they are read. @default none */
  readonly formats?: WeightFormats;
  /** How frozen weights are held that are no floats. @default all are floats */
  readonly held?: WeightFormats;
  /** Of the products with trained weights. @default "float32" */
  readonly precision?: Precision;
}

/** What its embeddings are trained for. */
export interface Objective extends BatchShape {
  readonly loss: Loss;
  /** Texts that are equal are no negatives of each other: feed `identity.*`. */
  readonly identity: boolean;
}

/** An encoder's graph and what of it is trained. */
interface Trained extends Pick<EncoderGraph, "tokens" | "embeddings"> {
  /** All weights that the encoder reads, by name. */
  readonly read: ReadonlyMap<string, Value>;
  /** The trained ones. */
  readonly weights: ReadonlyMap<string, Value>;
  /** Those of them whose gradient comes as rows. */
  readonly tables: readonly string[];
  /** Puts codes in the place of floats, in the graph and its gradient alike. */
  readonly rounded: (values: readonly Value[]) => Value[];
}

export const names = {
  loss: "loss",
  embeddings: "embeddings",
  /** A graph input where a gradient is injected, and an output where one comes out. */
  embeddingGradient: "d.embeddings",
  labels: "labels",
  teacher: "teacher",
  anchorIdentity: "identity.anchors",
  documentIdentity: "identity.documents",
  gradient: (weight: string) => `d.${weight}`,
  rows: (table: string, index: number) => `rows${index}.${table}`,
} as const;

/** Where the row gradients of a table come from: the output with the rows, and the feed with their indices. */
export interface RowSource {
  readonly table: string;
  readonly rows: string;
  readonly indices: string;
}

export interface GradientGraph {
  readonly graph: Graph;
  /** Weights with a dense gradient, in the order in which the graph writes them. */
  readonly dense: readonly string[];
  readonly rows: readonly RowSource[];
}

/** Batch in, embeddings out; no gradients. */
export function forwardGraph(encoding: Encoding): Graph {
  const { embeddings, rounded } = trained(encoding);
  const [vectors] = share(rounded([embeddings]));
  return graphOf({ [names.embeddings]: vectors });
}

/** Embeddings `[columns · B, D]` in; their loss and its gradient with respect to them out. */
export function lossGraph(objective: Objective, width: number): Graph {
  const embeddings = input(names.embeddings, "float32", ["N", width]);
  const loss = lossOf(objective, embeddings);
  const seeds = new Map([[loss, scalar(1)]]);
  const { dense } = gradients(seeds, [embeddings]);
  const [value, gradient] = share([loss, dense.get(embeddings) ?? zerosLike(embeddings)]);
  return graphOf({ [names.loss]: value, [names.embeddingGradient]: gradient });
}

/** A chunk of the batch and the gradient of its embeddings in; the gradients of the weights out. */
export function backwardGraph(encoding: Encoding): GradientGraph {
  const encoded = trained(encoding);
  const width = encoded.embeddings.shape[1];
  const injected = input(names.embeddingGradient, "float32", ["B", width]);
  return gradientGraph(encoded, new Map([[encoded.embeddings, injected]]), {});
}

/** Batch in; loss and the gradients of the weights out: the three steps of gradient caching as one graph. */
export function fusedGraph(encoding: Encoding, objective: Objective): GradientGraph {
  const encoded = trained(encoding);
  const loss = lossOf(objective, encoded.embeddings);
  return gradientGraph(encoded, new Map([[loss, scalar(1)]]), { [names.loss]: loss });
}

/**
 * Batch and predictions in; the loss of a language model and the gradients of the weights out. `head` names the weight `[V, D]` of its
 * logits: a frozen input beside adapters, a trained weight otherwise, which may be the table of token embeddings.
 */
export function nextTokenGraph(encoding: Encoding, head: string): GradientGraph {
  const encoded = trained(encoding);
  const { architecture, config, lora } = encoding;
  const shape = [architecture.vocabSize(config), architecture.width(config)];
  const logits = encoded.read.get(head) ?? input(head, "float32", shape);
  const weights = lora ? encoded.weights : new Map(encoded.weights).set(head, logits);
  const loss = nextTokenLoss(encoded.tokens, logits, predictionInputs());
  const seeds = new Map([[loss, scalar(1)]]);
  return gradientGraph({ ...encoded, weights }, seeds, { [names.loss]: loss });
}

/** What of the encoder is trained: its weights, or adapters beside them. */
function trained(encoding: Encoding): Trained {
  const { architecture, config, head, dropout, lora, formats } = encoding;
  const layout = batchingOf(architecture, head).layout();
  const encoded = encoderGraph(architecture, config, head, layout, {
    dropout: dropout && architecture.batches !== "bags",
  });
  const { weights: read } = encoded;
  const [tokens, embeddings] = formats
    ? fakeQuantizeWeights([encoded.tokens, encoded.embeddings], formats)
    : [encoded.tokens, encoded.embeddings];
  const rounded = rounding(encoding, tokens);
  if (!lora)
    return { tokens, embeddings, read, weights: read, tables: architecture.tables, rounded };
  const { values, weights } = addLora([tokens, embeddings], lora, { among: [tokens] });
  return { tokens: values[0], embeddings: values[1], read, weights, tables: [], rounded };
}

/** The layers of the transformer, not those of the head. */
function rounding({ lora, held, precision }: Encoding, tokens: Value): Trained["rounded"] {
  const weights = new Set(precision === "int8" && !lora ? linearWeights([tokens]).keys() : []);
  return (values) => {
    const read = held ? quantizeWeights(values, held) : [...values];
    return weights.size > 0 ? int8Products(read, weights, { weightGradients: true }) : read;
  };
}

/** The layers that adapters go to: the transformer's, which PEFT knows, not those of the head. @throws bad-argument when none fits */
export function loraSites(encoding: Encoding): readonly LinearSite[] {
  const { architecture, config, head, lora } = encoding;
  if (!lora) throw bug("nothing says which layers to adapt");
  const layout = batchingOf(architecture, head).layout();
  const { tokens } = encoderGraph(architecture, config, head, layout);
  return addLora([tokens], lora).sites;
}

/** Texts lie column by column: all anchors, all positives, then each column of hard negatives. */
function lossOf({ columns, labels, teacher, loss, identity }: Objective, embeddings: Value): Value {
  const size = div(dimOf(embeddings, 0), columns);
  const sizes = concat(Array<Value>(columns).fill(size), 0);
  const [anchors, positives, ...negatives] =
    columns > 1 ? split(embeddings, sizes, 0) : [embeddings];
  return loss({
    anchors: anchors as Value,
    ...(positives && { positives }),
    negatives,
    ...(labels > 0 && {
      labels: input(names.labels, "float32", labels === 1 ? ["Q"] : ["Q", labels]),
    }),
    ...(teacher !== undefined && {
      teacher: { anchors: input(names.teacher, "float32", ["Q", teacher]), negatives: [] },
    }),
    ...(identity && {
      identity: {
        anchors: input(names.anchorIdentity, "int32", ["Q"]),
        documents: input(names.documentIdentity, "int32", ["M"]),
      },
    }),
  });
}

function gradientGraph(
  { weights, tables: rowTables, rounded }: Trained,
  seeds: ReadonlyMap<Value, Value>,
  outputs: Readonly<Record<string, Value>>,
): GradientGraph {
  const isTable = (name: string) => rowTables.includes(name);
  const of = (keep: (name: string) => boolean) =>
    [...weights].flatMap(([name, value]) => (keep(name) ? [value] : []));
  const tables = of(isTable);
  const found = gradients(
    seeds,
    of((name) => !isTable(name)),
    { rows: tables },
  );
  const written: [string, Value][] = Object.entries(outputs);
  const dense = [...found.dense].map(([weight, gradient]) => {
    written.push([names.gradient(inputName(weight)), gradient]);
    return inputName(weight);
  });
  const rows = rowSources(found, written);
  if (dense.length + rows.length === 0) {
    throw new NearfoldError("unsupported", "the model has no weights that can be trained", {
      hint: "Weights of an imported graph are its float32 tensors: export it as float32, not quantized",
    });
  }
  // ONNX Runtime walks back from the outputs and begins with the last node of the file: what is to run first (the loss, then the
  // last layer's gradients) is written last. The other way round, all activations stay until the end.
  written.reverse();
  const shared = share(rounded(written.map(([, value]) => value)));
  const graph = graphOf(Object.fromEntries(written.map(([name], i) => [name, shared[i]])));
  return { graph, dense, rows };
}

/** One output for each distinct value: tables that are added up (words, positions) have the same rows. */
function rowSources({ rows }: Gradients, written: [string, Value][]): RowSource[] {
  const outputs = new Map<Value, string>();
  const outputOf = (value: Value, name: string): string => {
    const known = outputs.get(value);
    if (known) return known;
    outputs.set(value, name);
    written.push([name, value]);
    return name;
  };
  return [...rows].flatMap(([table, parts]) =>
    parts.map(({ rows: values, indices }, index) => {
      const name = names.rows(inputName(table), index);
      return {
        table: inputName(table),
        rows: outputOf(values, name),
        indices: isInput(indices) ? inputName(indices) : outputOf(indices, `${name}.indices`),
      };
    }),
  );
}
