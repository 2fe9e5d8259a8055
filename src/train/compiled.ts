/** Graphs of a training step, opened and run. */
import type { Graph } from "../graph/node.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Opsets } from "../onnx/opset.ts";
import type { RowUpdate } from "../optim/row-sums.ts";
import { openSession, type Session } from "../runtime/session.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { type GradientGraph, names } from "./graphs.ts";

export interface Compiled {
  readonly session: Session;
  readonly shape: Pick<GradientGraph, "dense" | "rows">;
}

/** Tensors by the names of graph inputs: weights, and what `pack` makes of a batch. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** `opsets` are those of an imported graph. */
export async function compile(
  built: Graph | GradientGraph,
  opsets: Opsets = {},
): Promise<Compiled> {
  const { graph, dense, rows } = "graph" in built ? built : { graph: built, dense: [], rows: [] };
  // Weights are inputs here, so nothing is pre-packed; shapes vary, so a memory pattern would only grow.
  const session = await openSession(encodeModel(graph, { opsets }).bytes, {
    memoryPattern: false,
    keepTransposes: true,
  });
  return { session, shape: { dense, rows } };
}

export interface GradientRun {
  readonly results: Feeds;
  /** By weight; the buffers are those given. */
  readonly dense: ReadonlyMap<string, Float32Array>;
  readonly rows: ReadonlyMap<string, readonly RowUpdate[]>;
}

/** Runs a gradient's graph; dense gradients are written into `buffers`, which keeps one for each weight. */
export async function runGradient(
  { session, shape }: Compiled,
  feeds: Feeds,
  buffers: Map<string, Float32Array>,
): Promise<GradientRun> {
  const dense = new Map<string, Float32Array>();
  const into: Record<string, Tensor> = {};
  for (const name of shape.dense) {
    const weight = feeds[name];
    const buffer = buffers.get(name) ?? new Float32Array(weight.data.length);
    buffers.set(name, buffer);
    dense.set(name, buffer);
    into[names.gradient(name)] = floats(buffer, weight.shape);
  }
  const results = await session.run(feeds, { into });
  return { results, dense, rows: readRows(shape, { ...feeds, ...results }) };
}

function readRows({ rows }: Compiled["shape"], values: Feeds): Map<string, RowUpdate[]> {
  const found = new Map<string, RowUpdate[]>();
  for (const { table, rows: at, indices } of rows) {
    const update = {
      indices: values[indices].data as Int32Array,
      rows: values[at].data as Float32Array,
    };
    found.set(table, [...(found.get(table) ?? []), update]);
  }
  return found;
}
