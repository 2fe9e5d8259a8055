/** Products of many rows with some others, by ONNX Runtime: 100 times as fast as a loop. */
import { graphOf, input } from "../../graph/node.ts";
import { matmul } from "../../graph/ops/index.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { openSession } from "../../runtime/session.ts";
import { floats } from "../../tensor/tensor.ts";

/** Scores that are in memory at once: 16 MB. */
const SCORES = 2 ** 22;

/** Close with `await using`. */
export interface Products extends AsyncDisposable {
  /**
   * The dot products of `rows` `[N, dims]` with `others` `[M, dims]`, some rows at a time in their order: `[count, M]` from row `first` on. A block is good until
   * `take` ends.
   */
  each(
    rows: Float32Array,
    others: Float32Array,
    take: (block: Float32Array, first: number, count: number) => void,
  ): Promise<void>;
}

export async function openProducts(dims: number): Promise<Products> {
  const [a, b] = [input("rows", "float32", ["N", dims]), input("others", "float32", ["M", dims])];
  const { bytes } = encodeModel(graphOf({ scores: matmul(a, b, { transB: true }) }));
  const session = await openSession(bytes, { memoryPattern: false });
  return {
    each: async (rows, others, take) => {
      const [count, columns] = [rows.length / dims, others.length / dims];
      const step = Math.max(1, Math.floor(SCORES / Math.max(1, columns)));
      for (let first = 0; first < count; first += step) {
        const own = Math.min(step, count - first);
        const { scores } = await session.run({
          rows: floats(rows.subarray(first * dims, (first + own) * dims), [own, dims]),
          others: floats(others, [columns, dims]),
        });
        take(scores.data as Float32Array, first, own);
      }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
