/** What the layers of a model read: the calibration data of formats that round by it. */
import { planBatches } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { graphOf, input, topological, type Value } from "../graph/node.ts";
import { matmul, mul } from "../graph/ops/index.ts";
import { encoderGraph } from "../models/encoder-graph.ts";
import type { Model } from "../models/model.ts";
import { batchingOf } from "../nn/batching.ts";
import { siteOf } from "../nn/linear-site.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession } from "../runtime/session.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

/** `Σ x xᵀ` `[in, in]` over the rows that a layer reads, by its weight; layers that read the same rows have the same tensor. */
export type Moments = ReadonlyMap<string, Tensor<"float32">>;

export interface MomentsOptions {
  /** The layers to look at, by weight. */
  readonly layers: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Tokens that go through the model at once. */
const BATCH_TOKENS = 2048;
/** Numbers of moments in memory while they are added up (256 MB); of a larger model, the texts go through it several times. */
const GROUP = 2 ** 26;
/** Name of the graph input that is 1 for tokens and 0 for rows of padding, `[T, 1]`. */
const COUNTED = "moments.counted";

/**
 * Runs texts through a model as documents, and adds up the outer products of the rows that its layers read.
 * @throws bad-input where the texts have no tokens; aborted
 */
export async function layerMoments(
  model: Model,
  texts: readonly string[],
  { layers, signal, onProgress }: MomentsOptions,
): Promise<Moments> {
  const { architecture, head, tokenizer, maxTokens: maxLength, prompts } = model;
  const sequences = texts.map(
    (text) => tokenizer.encode(prompts.document + text, { maxLength }).ids,
  );
  const batches = planBatches(
    sequences.map(({ length }) => length),
    { maxBatchTokens: BATCH_TOKENS },
  );
  if (batches.length === 0) {
    const wanted = "texts like those that will be embedded";
    throw new NearfoldError("bad-input", "there is nothing to calibrate by", { wanted });
  }
  const groups = groupsOf(readBy(model, new Set(layers)));
  const found = new Map<string, Tensor<"float32">>();
  const total = groups.length * batches.length;
  let done = 0;
  for (const group of groups) {
    const counted = input(COUNTED, "float32", ["T", 1]);
    const outputs = group.map(({ x }, i) => {
      // Rows of the head are vectors of texts, none of them padding.
      const rows = x.shape[0] === "T" ? mul(x, counted) : x;
      return [`${i}`, matmul(rows, rows, { transA: true })] as const;
    });
    const { opsets } = architecture.imported ?? {};
    const { bytes } = encodeModel(graphOf(Object.fromEntries(outputs)), {
      ...(opsets && { opsets }),
    });
    await using session = await openSession(bytes, { memoryPattern: false });
    const sums = group.map(({ width }) => new Float32Array(width * width));
    for (const batch of batches) {
      throwIfAborted(signal, "calibrating");
      const { feeds, tokens } = batchingOf(architecture, head).pack(batch.map((i) => sequences[i]));
      const results = await session.run({
        ...Object.fromEntries(model.weights),
        ...feeds,
        [COUNTED]: countedRows(feeds.input_ids.data.length, tokens),
      });
      sums.forEach((sum, i) => {
        const part = results[`${i}`].data as Float32Array;
        for (let at = 0; at < sum.length; at++) sum[at] += part[at];
      });
      onProgress?.({ done: ++done, total });
    }
    for (const [i, { width, weights }] of group.entries()) {
      for (const weight of weights) found.set(weight, floats(sums[i], [width, width]));
    }
  }
  return found;
}

interface Read {
  readonly x: Value;
  readonly width: number;
  /** Of the layers that read it. */
  readonly weights: string[];
}

/** The rows that layers read, in the order of the graph. */
function readBy({ architecture, config, head }: Model, layers: ReadonlySet<string>): Read[] {
  const layout = batchingOf(architecture, head).layout();
  const { embeddings } = encoderGraph(architecture, config, head, layout);
  const found = new Map<Value, Read>();
  for (const node of topological([embeddings])) {
    const site = siteOf(node);
    if (!site || !layers.has(site.weight)) continue;
    const x = node.inputs[0]!;
    const read = found.get(x) ?? { x, width: site.in, weights: [] };
    read.weights.push(site.weight);
    found.set(x, read);
  }
  return [...found.values()];
}

/** Such as fit into memory at once. */
function groupsOf(all: readonly Read[]): Read[][] {
  const groups: Read[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const read of all) {
    const own = read.width ** 2;
    if (size + own > GROUP) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(read);
    size += own;
  }
  return groups;
}

function countedRows(rows: number, tokens: number): Tensor<"float32"> {
  return floats(new Float32Array(rows).fill(1, 0, tokens), [rows, 1]);
}
