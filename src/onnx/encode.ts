/** Graph → ModelProto. */
import { NearfoldError } from "../errors.ts";
import { constantOf, type Graph, inputName, isInput, topological } from "../graph/node.ts";
import { showType } from "../graph/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Initializer, Placed, PlacedInitializer, Source } from "./initializer.ts";
import { join, layOut } from "./layout.ts";
import { makeNames } from "./names.ts";
import { type Context, valueName, writeNodes } from "./nodes.ts";
import { irVersionOf, type Opsets, opsetsOf } from "./opset.ts";
import type { GraphProto, ModelProto } from "./proto.ts";
import { toValueInfo } from "./type-proto.ts";

export interface EncodeOptions<S extends Source = Tensor> {
  /** Values of the `Input` nodes of these names; they become initializers. Names the graph doesn't have are left out. */
  readonly weights?: ReadonlyMap<string, S>;
  /** The same for values that lie in files already, in the folder the model is read from or that its session is told. */
  readonly placed?: ReadonlyMap<string, Placed>;
  /**
   * Not below these versions. An op outside the table of ops needs its domain's: pass what `decodeModel` gave.
   * @default the lowest that express the graph, 13 at least
   */
  readonly opsets?: Opsets;
  /** The graph's name. @default "nearfold" */
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Weights of 1 KB and more go to a file of this name beside the model, each at a multiple of 4,096 bytes. */
  readonly externalData?: { readonly location: string };
}

export interface EncodedModel {
  readonly bytes: Uint8Array;
  /** What belongs in the side file, when `externalData` asked for one. */
  readonly external?: Uint8Array;
}

/**
 * The graph as an ONNX model, nodes in the order of `topological`; the same graph gives the same bytes.
 * @throws too-large past 2 GB without `externalData`, mismatch for a weight of another type than its input,
 * bad-argument for an op outside the table whose opset nobody said.
 */
export function encodeModel(graph: Graph, options: EncodeOptions = {}): EncodedModel {
  const { model, initializers, placed } = toModel(graph, options);
  const laid = layOut(model, initializers, { location: options.externalData?.location, placed });
  return {
    bytes: join(laid.model),
    ...(laid.external && { external: join(laid.external) }),
  };
}

export interface Model<S extends Source> {
  /** Without its initializers. */
  readonly model: ModelProto & { readonly graph: GraphProto };
  /** In the order of their first use. */
  readonly initializers: readonly Initializer<S | Tensor>[];
  readonly placed: readonly PlacedInitializer[];
}

/** The messages of a model, and the tensors that go with them. */
export function toModel<S extends Source>(graph: Graph, options: EncodeOptions<S>): Model<S> {
  const { weights = new Map(), placed = new Map(), opsets, name = "nearfold" } = options;
  const { metadata = {} } = options;
  const values = new Map<string, unknown>([...weights, ...placed]);
  const context: Context = { names: makeNames(), values: new Map(), nodes: [] };
  const inputs = claimInputs(graph, values, context);
  claimOutputs(graph, context);
  const initializers: Initializer<S | Tensor>[] = [];
  const references: PlacedInitializer[] = [];
  const { node, valueInfo } = writeNodes(graph, Object.keys(graph.outputs), context, (value) => {
    const label = valueName(context, value);
    const constant = constantOf(value);
    if (constant) {
      const { dtype, shape } = constant;
      initializers.push({ name: label, dtype, shape, role: "constant", source: constant });
    } else if (weights.has(label)) {
      const source = weights.get(label) as S;
      const type = typeof source === "function" ? value : (source as Tensor);
      initializers.push({ ...weightOf(label, value, type), source });
    } else if (placed.has(label)) {
      const { place, ...type } = placed.get(label) as Placed;
      references.push({ ...weightOf(label, value, type), place });
    }
  });
  const versions = opsetsOf(context.nodes, opsets);
  return {
    initializers,
    placed: references,
    model: {
      irVersion: irVersionOf(versions[""] as number),
      producerName: "nearfold",
      opsetImport: Object.entries(versions).map(([domain, version]) => ({ domain, version })),
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name,
        node,
        input: inputs.map((value) => toValueInfo(inputName(value), value)),
        output: Object.entries(graph.outputs).map(([key, value]) => toValueInfo(key, value)),
        valueInfo,
      },
    },
  };
}

/** Names the inputs; returns those that stay inputs. */
function claimInputs(graph: Graph, weights: ReadonlyMap<string, unknown>, context: Context) {
  const declared = new Set(graph.inputs);
  const reached = topological(Object.values(graph.outputs)).flatMap(({ outputs }) => outputs);
  for (const value of new Set([...graph.inputs, ...reached.filter(isInput)])) {
    const name = inputName(value);
    if (!declared.has(value) && !weights.has(name)) {
      throw new NearfoldError("bad-argument", "the graph reads an input that it does not list", {
        at: name,
      });
    }
    if (!context.names.reserve(name)) {
      throw new NearfoldError("bad-argument", "two graph inputs share a name", { at: name });
    }
    context.values.set(value, name);
  }
  return graph.inputs.filter((value) => !weights.has(inputName(value)));
}

function claimOutputs({ outputs }: Graph, { names }: Context): void {
  for (const [name, value] of Object.entries(outputs)) {
    if (isInput(value) && inputName(value) === name) continue;
    if (names.reserve(name)) continue;
    throw new NearfoldError("bad-argument", "an output has the name of an input", { at: name });
  }
}

type Typed = Pick<Initializer, "dtype"> & { readonly shape: readonly (number | string)[] };

/** A weight's type is that of its tensor, or where the tensor is not at hand yet, of the graph's input. */
function weightOf(name: string, declared: Typed, { dtype, shape }: Typed) {
  const fits =
    dtype === declared.dtype &&
    shape.length === declared.shape.length &&
    shape.every((dim, axis) => {
      const wanted = declared.shape[axis];
      return typeof dim === "number" && (typeof wanted === "string" || wanted === dim);
    });
  if (fits) return { name, dtype, shape: shape as number[], role: "weight" } as const;
  throw new NearfoldError("mismatch", "a weight is not what the graph declares", {
    at: name,
    got: showType({ dtype, shape }),
    wanted: showType(declared),
  });
}
