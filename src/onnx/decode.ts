/** ModelProto → graph. */
import { NearfoldError } from "../errors.ts";
import { constant, type Graph, graphOf, input } from "../graph/node.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attachExternal } from "./external.ts";
import { roleOf } from "./initializer.ts";
import { givenName } from "./names.ts";
import { checkReadable, domainOf, type Opsets } from "./opset.ts";
import { decodeModelProto, type ModelProto } from "./proto.ts";
import { readGraph } from "./read-graph.ts";
import type { Reader } from "./scope.ts";
import {
  detached,
  type ModelSource,
  type SourceInitializer,
  sourceOf,
  withoutInitializers,
} from "./source.ts";

export interface DecodedModel {
  /** Its inputs are the file's, in order, then the weights that it reads, by name. */
  readonly graph: Graph;
  /** Values of the inputs that the file carries. They may be views of its bytes. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** What the graph, as it is here, is meant for: pass it to `encodeModel` when there are ops outside the table. */
  readonly opsets: Opsets;
  readonly metadata: Readonly<Record<string, string>>;
  /** What the file holds besides, for `saveWithWeights`. */
  readonly source: ModelSource;
}

export interface DecodeOptions {
  /** What errors call the model: its path. @default "ONNX model" */
  readonly at?: string;
  /** Side files, by the name that the model has for them. */
  readonly external?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a model of opset 11 or newer. Initializers become inputs with weights, save the small ones that shape rules must
 * see, which become constants. Ops outside the table keep their attributes and the types that the file declares
 * for them; bodies of If, Loop and Scan are closed over what they capture.
 * @throws bad-input for what is malformed, unsupported for what ONNX has and we don't.
 */
export function decodeModel(
  bytes: Uint8Array,
  { at = "ONNX model", external = new Map() }: DecodeOptions = {},
): DecodedModel {
  const model = decodeModelProto(bytes, at);
  if (model.graph) attachExternal(model.graph, external, at);
  return fromModel(model, at);
}

/** As `decodeModel`, from a message whose tensors all have their data; it is empty afterwards. */
export function fromModel(whole: ModelProto, at: string): DecodedModel {
  const { message, model, initializers } = withoutInitializers(whole, at);
  if (!model.graph) throw new NearfoldError("bad-input", "an ONNX model without a graph", { at });
  if (model.functions?.length) {
    throw new NearfoldError("unsupported", "a model with functions of its own", {
      at,
      hint: "Inline them with onnx.inliner",
    });
  }
  const declared = opsetsIn(model, at);
  checkReadable(declared, at);
  const opsets = new Map(Object.entries(declared));
  const reader: Reader = { at, opsets, needs: new Map(opsets) };
  const weights = new Map<string, Tensor>();
  const kept: SourceInitializer[] = [];
  model.graph.initializer = initializers;
  const { inputs, outputs } = readGraph(model.graph, reader, {
    store: (name, found, proto) => {
      const value = detached(found);
      const { dtype, shape } = value;
      const isConstant = roleOf(dtype, shape, proto.docString) === "constant";
      kept.push({ ...sourceOf(proto, value), ...(isConstant && { value }) });
      if (isConstant) return constant(value, givenName("Constant", name));
      weights.set(name, value);
      return input(name, dtype, shape);
    },
  });
  const listed = new Set(inputs);
  const read = graphOf(outputs).inputs.filter((value) => !listed.has(value));
  const metadata = (model.metadataProps ?? []).map(({ key = "", value = "" }) => [key, value]);
  return {
    graph: { inputs: [...inputs, ...read], outputs },
    weights,
    source: { message, initializers: kept },
    opsets: Object.fromEntries(reader.needs),
    metadata: Object.fromEntries(metadata),
  };
}

function opsetsIn({ opsetImport = [] }: ModelProto, at: string): Opsets {
  const found = new Map<string, number>();
  for (const { domain, version } of opsetImport) {
    const [name, number] = [domainOf(domain), Number(version ?? 0)];
    if (!Number.isSafeInteger(number) || number < 1 || (found.get(name) ?? number) !== number) {
      throw new NearfoldError("bad-input", "an opset that makes no sense", {
        at,
        got: `${name || "ai.onnx"} ${number}`,
      });
    }
    found.set(name, number);
  }
  return Object.fromEntries(found);
}
