/** Second moments of what layers read, for formats that round by them. */
import { input } from "../graph/node.ts";
import { matmul, mul } from "../graph/ops/index.ts";
import type { Model } from "../models/model.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { documentBatches, type LayerInput, layerInputs, observe } from "./layer-inputs.ts";

/** `Σ x xᵀ` `[in, in]` over the rows that a layer reads, by its weight; layers that read the same rows have the same tensor. */
export type Moments = ReadonlyMap<string, Tensor<"float32">>;

export interface MomentsOptions {
  /** The layers to look at, by weight. */
  readonly layers: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

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
  const batches = documentBatches(model, texts);
  const groups = groupsOf(layerInputs(model, new Set(layers)));
  const found = new Map<string, Tensor<"float32">>();
  const total = groups.length * batches.length;
  let done = 0;
  for (const group of groups) {
    const counted = input(COUNTED, "float32", ["T", 1]);
    const products = group.map(({ x }) => {
      // Rows of the head are vectors of texts, none of them padding.
      const rows = x.shape[0] === "T" ? mul(x, counted) : x;
      return matmul(rows, rows, { transA: true });
    });
    const sums = group.map(({ width }) => new Float32Array(width * width));
    const feeds = (batch: Parameters<typeof countedRows>[0]) => ({ [COUNTED]: countedRows(batch) });
    for await (const parts of observe(model, products, batches, { feeds, signal })) {
      sums.forEach((sum, i) => {
        const part = parts[i].data as Float32Array;
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

/** Such as fit into memory at once. */
function groupsOf(all: readonly LayerInput[]): LayerInput[][] {
  const groups: LayerInput[][] = [];
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

function countedRows({ rows, tokens }: { readonly rows: number; readonly tokens: number }) {
  return floats(new Float32Array(rows).fill(1, 0, tokens), [rows, 1]);
}
