/**
 * Bags of tokens, for models that know no order: each distinct token of a batch is looked up once, and the vector of a text is a row of a
 * matrix product `[B, U] · [U, D]`. The gradient of the table leaves as one row a distinct token.
 */
import { bug } from "../errors.ts";
import { input } from "../graph/node.ts";
import { matmul, reshape } from "../graph/ops/index.ts";
import { floats, ints } from "../tensor/tensor.ts";
import type { Layout } from "./layout.ts";
import { meanAlone, type Packed, type PackOptions, roundUpTokens } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

/** The graph input that holds how much of each distinct token a text has, `[B, U]` float32; with `M` poolings `[B · M, U]`. */
const BAGS = "bag.weights";

export function bagLayout({ poolings = 1 }: { readonly poolings?: number } = {}): Layout {
  const ids = input(packedNames.ids, "int32", ["U"]);
  const bags = input(BAGS, "float32", [poolings === 1 ? "B" : "B · M", "U"]);
  const none = (): never => {
    throw bug("a bag of tokens has no order: neither positions nor attention");
  };
  return {
    ids,
    get positions() {
      return none();
    },
    blocks: [],
    toHeads: none,
    fromHeads: none,
    // All rows: only a maximum would leave some out.
    poolLinear: (x) => {
      const sums = matmul(bags, x);
      return poolings === 1 ? sums : reshape(sums, [-1, poolings * (x.shape[1] as number)]);
    },
    poolMax: none,
  };
}

/** The row of each token of a batch of bags, which has one for each distinct token; one sequence after the other. */
export function bagTokenRows(
  sequences: readonly ArrayLike<number>[],
  { feeds }: Pick<Packed, "feeds">,
): Int32Array {
  const rows = new Map<number, number>();
  // What fills it up is a token too, and stands after the one that is meant.
  feeds[packedNames.ids].data.forEach((id, row) => {
    if (!rows.has(Number(id))) rows.set(Number(id), row);
  });
  return Int32Array.from(sequences.flatMap((ids) => Array.from(ids, (id) => rows.get(id)!)));
}

/** The feeds of `bagLayout`. `U` is rounded up by tokens of no weight, so that shapes stay few. */
export function packBags(
  sequences: readonly ArrayLike<number>[],
  { poolWeights = meanAlone, promptTokens }: PackOptions = {},
): Packed {
  const columns = new Map<number, number>();
  let tokens = 0;
  for (const sequence of sequences) {
    tokens += sequence.length;
    for (let i = 0; i < sequence.length; i++) {
      if (!columns.has(sequence[i])) columns.set(sequence[i], columns.size);
    }
  }
  const width = roundUpTokens(columns.size);
  const ids = new Int32Array(width);
  for (const [id, column] of columns) ids[column] = id;
  const rows = sequences.length * poolWeights.length;
  const bags = new Float32Array(rows * width);
  sequences.forEach((sequence, text) => {
    poolWeights.forEach((weightsOf, pooling) => {
      const weights = weightsOf(sequence.length, promptTokens?.[text] ?? 0);
      const row = (text * poolWeights.length + pooling) * width;
      for (let i = 0; i < sequence.length; i++) bags[row + columns.get(sequence[i])!] += weights[i];
    });
  });
  const feeds = { [packedNames.ids]: ints(ids), [BAGS]: floats(bags, [rows, width]) };
  return { blocks: 0, feeds, tokens };
}
