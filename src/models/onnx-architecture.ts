/** An architecture made from a graph that was exported elsewhere: it runs, is trained and is saved as the graph it is. */
import { bug, NearfoldError } from "../errors.ts";
import { array64 } from "../graph/array64.ts";
import { type Dim, UNKNOWN } from "../graph/dim.ts";
import { constant, inputName, isInput, topological, type Value } from "../graph/node.ts";
import { showType } from "../graph/op.ts";
import { cast, reshape, zerosLike } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { isRanked } from "../graph/unknown-type.ts";
import type { PaddedInputs } from "../nn/layout.ts";
import { paddedBatchLayout } from "../nn/padded-batch.ts";
import { paddedNames, paddedShape } from "../nn/padded-layout.ts";
import { bindInputs } from "../onnx/bind.ts";
import type { DecodedModel } from "../onnx/decode.ts";
import { sourceFingerprint } from "../onnx/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Architecture } from "./architecture.ts";

/** What is known of an imported graph. */
export interface OnnxConfig {
  /** SHA-256, in hex, of everything in its file but the weights' values. */
  readonly graph: string;
  /** Which of its outputs is used. */
  readonly output: string;
  readonly width: number;
  readonly vocabSize: number;
  readonly maxTokens: number;
}

export interface ImportOptions {
  /** What errors call the graph: its path. */
  readonly at: string;
  /** Take the vectors of texts as they come out of the graph, where it has them. */
  readonly pooled: boolean;
  /** Rows of its table of tokens, where the graph does not show them. */
  readonly vocabSize: number;
  /** Positions that it has. @default what its tables show */
  readonly positions?: number;
}

export interface ImportedGraph {
  readonly architecture: Architecture;
  readonly config: OnnxConfig;
  /** What may be trained. */
  readonly weights: ReadonlyMap<string, Tensor<"float32">>;
  /** Its vectors are of texts, and need no pooling. */
  readonly pooled: boolean;
}

/** What texts give a graph, by the names that exporters have for it. */
const textInputs: Readonly<Record<string, (batch: PaddedInputs) => Value>> = {
  input_ids: ({ ids }) => ids,
  attention_mask: ({ mask }) => mask,
  token_type_ids: ({ ids }) => zerosLike(ids),
  position_ids: ({ positions }) => positions,
};
const required = ["input_ids", "attention_mask"];

const tokenOutputs = ["last_hidden_state", "token_embeddings"];
const textOutputs = ["sentence_embedding"];

/**
 * Takes a graph for a text model: token ids and mask in, token vectors `[B, S, D]` or vectors of texts `[B, D]` out. Its weights are its
 * float32 initializers; those of other dtypes, and what only angles are computed of (rotary frequencies), stay as they are.
 * @throws unsupported naming the inputs, the outputs or the sizes that it has and those that it should have
 */
export function importGraph(decoded: DecodedModel, options: ImportOptions): ImportedGraph {
  const { at, pooled: preferred } = options;
  const inputs = textInputsOf(decoded, at);
  const { name, value: output, pooled } = outputOf(decoded, preferred, at);
  const { weights, constants } = parted(decoded, output);
  const names = namesOfSizes(inputs, at);
  const bind = (batch: PaddedInputs, weightOf: (value: Value) => Value): Value => {
    const by = new Map<Value, Value>();
    for (const [name, value] of inputs) by.set(value, cast(textInputs[name](batch), value.dtype));
    for (const value of decoded.graph.inputs) {
      const name = inputName(value);
      const fixed = constants.get(name);
      if (fixed) by.set(value, constant(fixed, name));
      else if (weights.has(name)) by.set(value, weightOf(value));
    }
    return bindInputs([output], by, names)[0] as Value;
  };

  const { padded } = paddedBatchLayout();
  const example = bind(padded, (value) => value);
  const tables = tablesOf(example, padded.ids);
  const [table] = tables.flatMap((name) => weights.get(name) ?? []);
  const { positions = positionsOf(example, tables[0], table?.shape[1]) } = options;
  const config: OnnxConfig = {
    graph: sourceFingerprint(decoded.source),
    output: name,
    width: widthOf(example, pooled, name, at),
    vocabSize: table?.shape[0] ?? options.vocabSize,
    maxTokens: positions,
  };
  const architecture: Architecture = {
    parseConfig: () => config,
    forward: (_, read, layout) => {
      if (!layout.padded) throw bug("an imported graph reads padded batches");
      const found = bind(layout.padded, (value) => read(inputName(value), value.shape));
      const vectors = cast(found, "float32");
      return pooled ? vectors : reshape(vectors, [-1, config.width]);
    },
    width: () => config.width,
    maxTokens: () => config.maxTokens,
    vocabSize: () => config.vocabSize,
    batches: "padded",
    positions,
    tables,
    module: "Transformer",
    imported: { source: decoded.source, opsets: decoded.opsets, constants },
  };
  return { architecture, config, weights, pooled };
}

/** The inputs that are not weights, by name. */
function textInputsOf({ graph, weights }: DecodedModel, at: string): ReadonlyMap<string, Value> {
  const inputs = graph.inputs.filter((value) => !weights.has(inputName(value)));
  const found = new Map(inputs.map((value) => [inputName(value), value]));
  const names = [...found.keys()];
  const fits =
    names.every((name) => Object.hasOwn(textInputs, name)) &&
    required.every((name) => found.has(name));
  if (fits) return found;
  throw new NearfoldError("unsupported", "the graph takes other inputs than a text gives", {
    at,
    got: names.join(", "),
    wanted: `${required.join(" and ")}; of others ${Object.keys(textInputs).slice(required.length).join(", ")}`,
    hint: "Export the encoder alone, for feature extraction",
  });
}

function outputOf({ graph: { outputs } }: DecodedModel, preferPooled: boolean, at: string) {
  const order = preferPooled
    ? [...textOutputs, ...tokenOutputs]
    : [...tokenOutputs, ...textOutputs];
  const name = order.find((name) => Object.hasOwn(outputs, name));
  if (name !== undefined) {
    return { name, value: outputs[name] as Value, pooled: textOutputs.includes(name) };
  }
  throw new NearfoldError("unsupported", "the graph has no output that is a vector of a text", {
    at,
    got: Object.keys(outputs).join(", "),
    wanted: `one of ${order.join(", ")}`,
    hint: "Export the encoder alone, for feature extraction",
  });
}

/**
 * What the file calls the two sizes of a batch, by what they are called here; a name for both says nothing.
 * @throws unsupported for sizes that are fixed
 */
function namesOfSizes(inputs: ReadonlyMap<string, Value>, at: string): Map<string, string> {
  const meanings = new Map<Dim, Set<string>>();
  for (const [name, value] of inputs) {
    const { shape } = value;
    if (!isRanked(value)) continue;
    if (shape.length !== 2 || shape.some((dim) => typeof dim === "number")) {
      throw new NearfoldError("unsupported", "an input of fixed size", {
        at: `${at}, ${name}`,
        got: showType(value),
        wanted: `${value.dtype}[${paddedShape}], both of any size`,
        hint: "Export it with dynamic axes",
      });
    }
    shape.forEach((dim, axis) => {
      const known = meanings.get(dim) ?? new Set();
      meanings.set(dim, known.add(paddedShape[axis] as string));
    });
  }
  meanings.delete(UNKNOWN);
  const names = new Map<string, string>();
  for (const [dim, [meaning, ...more]] of meanings) {
    if (meaning !== undefined && more.length === 0) names.set(`${dim}`, meaning);
  }
  return names;
}

/** Which initializers are weights, and which stay as they are. */
function parted({ weights: all }: DecodedModel, output: Value) {
  const angles = readByAngles(output);
  const weights = new Map<string, Tensor<"float32">>();
  const constants = new Map<string, Tensor>();
  for (const [name, value] of all) {
    if (value.dtype === "float32" && !angles.has(name))
      weights.set(name, value as Tensor<"float32">);
    else constants.set(name, value);
  }
  return { weights, constants };
}

/** Names of the inputs that a sine or a cosine is computed of, but for those of what the tokens are: rotary frequencies. */
function readByAngles(output: Value): ReadonlySet<string> {
  // A size says nothing of what it is the size of.
  const order = topological([output]).filter(({ op }) => op !== "Shape");
  const ofTokens = new Set<Value>();
  for (const { op, outputs, inputs } of order) {
    const isIds = op === "Input" && inputName(outputs[0] as Value) === "input_ids";
    if (!isIds && !inputs.some((input) => input && ofTokens.has(input))) continue;
    for (const value of outputs) ofTokens.add(value);
  }
  const read = new Set<Value | undefined>();
  const names = new Set<string>();
  for (const { op, inputs, outputs } of order.toReversed()) {
    const [value] = outputs as [Value];
    const isAngle = (op === "Sin" || op === "Cos") && !ofTokens.has(value);
    if (!isAngle && !outputs.some((output) => read.has(output))) continue;
    if (isInput(value)) names.add(inputName(value));
    for (const input of inputs) read.add(input);
  }
  return names;
}

/** Ops that leave ids as they are. */
const sameIds: ReadonlySet<string> = new Set(["Cast", "Identity", "Reshape"]);

/** The weight that Gathers look token ids up in, where nothing else reads it. */
function tablesOf(output: Value, ids: Value): string[] {
  const order = topological([output]);
  const isIds = (value: Value | undefined): boolean =>
    value === ids || (!!value && sameIds.has(value.node.op) && isIds(value.node.inputs[0]));
  const looksUp = ({ op, attrs, inputs }: Value["node"]) =>
    op === "Gather" && (attrs.axis ?? 0) === 0 && isIds(inputs[1]);
  const tables = order.flatMap((node) => {
    const table = looksUp(node) ? node.inputs[0] : undefined;
    return table && isInput(table) && table.shape.length === 2 ? [table] : [];
  });
  const readers = (table: Value) => order.filter(({ inputs }) => inputs.includes(table));
  return [...new Set(tables)].filter((table) => readers(table).every(looksUp)).map(inputName);
}

/** Tables of fewer rows are of segments. */
const FEWEST_POSITIONS = 16;

/** Of the smallest other table that is as wide as that of the tokens: where positions are learnt, theirs. */
function positionsOf(output: Value, tokens: string | undefined, width: number | undefined): number {
  const sizes = topological([output]).flatMap(({ op, inputs: [table, place] }) => {
    const isTable = op === "Gather" && table && isInput(table) && inputName(table) !== tokens;
    const [rows, columns] = table?.shape ?? [];
    const isLearnt = isTable && columns === width && typeof rows === "number";
    return isLearnt && rows >= FEWEST_POSITIONS ? [rows - firstPosition(place as Value)] : [];
  });
  return Math.min(Number.POSITIVE_INFINITY, ...sizes);
}

/** The position of a text's first token, as the graph computes it: RoBERTa and its kin count from behind the padding's. 0 where nobody knows. */
function firstPosition(place: Value): number {
  const row = (value: number) => array64([1, 2], [value, value]);
  // One of two ids is no padding.
  const last = [0, 2].map((id) => {
    const feeds = { [paddedNames.ids]: row(id), [paddedNames.mask]: row(1) };
    try {
      return Math.max(...evaluate([place], new Map(Object.entries(feeds)))[0].data);
    } catch (error) {
      if (error instanceof NearfoldError && error.code === "unsupported") return 0;
      throw error;
    }
  });
  return Math.max(1, ...last) - 1;
}

function widthOf(output: Value, pooled: boolean, name: string, at: string): number {
  const rank = pooled ? 2 : 3;
  const width = output.shape.at(-1);
  if (isRanked(output) && output.shape.length === rank && typeof width === "number") return width;
  throw new NearfoldError("unsupported", "the graph does not say how wide its vectors are", {
    at: `${at}, ${name}`,
    got: showType(output),
    wanted: `float32[${pooled ? "batch" : "batch,sequence"},a number]`,
    hint: "Infer its shapes with onnx.shape_inference, or export it again",
  });
}
