import { fuse } from "../fuse/index.ts";
import { graphOf } from "../graph/node.ts";
import { encoderGraph } from "../models/encoder-graph.ts";
import type { Head } from "../models/head.ts";
import type { Tower, Weight } from "../models/model.ts";
import { batchingOf } from "../nn/batching.ts";
import { asRead, quantizeWeights } from "../nn/quantized-weights.ts";
import { convertAfterLookup } from "../nn/weights.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession, type SessionOptions } from "../runtime/session.ts";
import { openSessionPool } from "../runtime/session-pool.ts";
import { openWorkerSession } from "../runtime/worker-session.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { placeWeights } from "./place-weights.ts";

/** A model's forward pass over token sequences. */
export interface Forward extends AsyncDisposable {
  /** Vectors `[N, D]` of sequences, none of them empty, each of which begins with so many tokens of a prompt; the caller's. */
  run(sequences: readonly Int32Array[], promptTokens: ArrayLike<number>): Promise<Float32Array>;
  /** Vectors of the tokens of such sequences, before pooling, one sequence after the other: `[sum of lengths, D]`; the caller's. Only where it was opened for it. */
  runTokens?(sequences: readonly Int32Array[]): Promise<Float32Array<ArrayBuffer>>;
}

export interface ForwardOptions
  extends Pick<SessionOptions, "providers" | "threads" | "background"> {
  /** In a thread of its own. @default false */
  readonly worker?: boolean;
  /** In so many threads, a run in one of them. @default 0 */
  readonly workers?: number;
  /** Whether it gives vectors of tokens too, where the model has any. They are an output more of the same graph, which costs nothing until it is asked for. @default false */
  readonly tokens?: boolean;
}

/**
 * One session for all batches. The weights are constants of its graph, which ONNX Runtime lays out anew once: on MiniLM, one thread, a query of 16
 * tokens took 5.5 ms so, 8.3 ms with weights as inputs (which are not copied), 8.0 ms with constants left as they are; 64 tokens 15.9,
 * 19.0, 18.6; batches of thousands of tokens the same in all. The empty blocks of a batch cost next to nothing: 5.4 ms and 15.9 ms for the same texts.
 *
 * Weights on disk are mapped into memory and let go as they are laid out, so no copy of them is ever whole: what is loaded is what is run.
 * Those of 16 bits are converted by ONNX Runtime, tables when their rows are looked up; codes are multiplied as what they are.
 */
export async function openForward(
  { architecture, config, head, weights: held, formats = new Map() }: Tower<Weight>,
  options: ForwardOptions,
): Promise<Forward> {
  const { worker = false, workers = 0, providers = ["cpu"], threads, background } = options;
  const withTokens = options.tokens === true && hasTokens(head);
  // Other providers run nothing on tensors without elements.
  const emptyBlocks = providers[0] === "cpu" ? 0 : 1;
  const batching = batchingOf(architecture, head, { emptyBlocks });
  const {
    embeddings,
    tokens,
    weights: read,
  } = encoderGraph(
    architecture,
    config,
    head,
    batching.layout(),
    // Codes are put in the place of floats by a rewrite.
    { dtypeOf: (name) => (formats.has(name) ? "float32" : (held.get(name)?.dtype ?? "float32")) },
  );
  const rows = architecture.vocabSize(config);
  const weights = asRead(held, formats, (name) =>
    read.get(name)!.shape.map((dim) => (typeof dim === "number" ? dim : rows)),
  );
  const outputs = withTokens ? [embeddings, tokens] : [embeddings];
  const fused = fuse(convertAfterLookup(quantizeWeights(outputs, formats)));
  const graph = graphOf({ vectors: fused[0], ...(withTokens && { tokens: fused[1] }) });
  const { inMemory, onDisk } = bySide(weights);
  const { folder, placed } = await placeWeights(onDisk);
  const { opsets } = architecture.imported ?? {};
  const { bytes } = encodeModel(graph, {
    weights: inMemory,
    placed,
    ...(opsets && { opsets }),
  });
  const pool: typeof openSession = (model, more) => openSessionPool(model, { ...more, workers });
  const open = workers > 0 ? pool : worker ? openWorkerSession : openSession;
  const session = await open(bytes, {
    // Shapes vary: a pattern for each would only let the arena grow.
    memoryPattern: false,
    // Whoever runs it in a thread of its own has other work for the cores.
    restBetweenRuns: worker,
    ...(folder !== undefined && { dataFolder: folder }),
    providers,
    ...(threads !== undefined && { threads }),
    ...(background && { background }),
  });
  return {
    run: async (sequences, promptTokens) => {
      const { feeds } = batching.pack(sequences, { promptTokens });
      const found = await session.run(feeds, { outputs: ["vectors"] });
      return found.vectors.data as Float32Array;
    },
    ...(withTokens && {
      runTokens: async (sequences: readonly Int32Array[]) => {
        const packed = batching.pack(sequences);
        const { data, shape } = (await session.run(packed.feeds, { outputs: ["tokens"] })).tokens;
        return gatherRows(data as Float32Array, shape[1], batching.tokenRows(sequences, packed));
      },
    }),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** Whether there are vectors of tokens: a graph that pools them itself shows none. */
export function hasTokens({ pooling }: Pick<Head, "pooling">): boolean {
  return pooling.length > 0;
}

/** Rows of a table `[·, width]` by their numbers: `[N, width]`. */
function gatherRows(
  table: Float32Array,
  width: number,
  rows: Int32Array,
): Float32Array<ArrayBuffer> {
  const found = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    found.set(table.subarray(row * width, (row + 1) * width), i * width);
  });
  return found;
}

function bySide(weights: ReadonlyMap<string, Weight>) {
  const inMemory = new Map<string, Tensor>();
  const onDisk = new Map<string, StoredTensor>();
  for (const [name, weight] of weights) {
    if ("path" in weight) onDisk.set(name, weight);
    else inMemory.set(name, weight);
  }
  return { inMemory, onDisk };
}
