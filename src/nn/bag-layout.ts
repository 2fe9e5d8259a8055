/**
 * Bags of tokens, for models that know no order: each distinct token of a batch is looked up once, and the vector of a text is a row of a
 * matrix product `[B, U] · [U, D]`. The gradient of the table leaves as one row a distinct token.
 */
import { bug } from "../errors.ts";
import { input } from "../graph/node.ts";
import { matmul } from "../graph/ops/index.ts";
import { floats, ints } from "../tensor/tensor.ts";
import type { Layout } from "./layout.ts";
import { meanWeights, type Packed, type PackOptions, roundUpTokens } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

/** The graph input that holds how much of each distinct token a text has: `[B, U]` float32. */
const BAGS = "bag.weights";

export function bagLayout(): Layout {
  const ids = input(packedNames.ids, "int32", ["U"]);
  const bags = input(BAGS, "float32", ["B", "U"]);
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
    poolLinear: (x) => matmul(bags, x),
    poolMax: none,
  };
}

/** The feeds of `bagLayout`. `U` is rounded up by tokens of no weight, so that shapes stay few. */
export function packBags(
  sequences: readonly ArrayLike<number>[],
  { poolWeights = meanWeights }: PackOptions = {},
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
  const bags = new Float32Array(sequences.length * width);
  sequences.forEach((sequence, row) => {
    const weights = poolWeights(sequence.length);
    for (let i = 0; i < sequence.length; i++) {
      bags[row * width + columns.get(sequence[i])!] += weights[i];
    }
  });
  const feeds = { [packedNames.ids]: ints(ids), [BAGS]: floats(bags, [sequences.length, width]) };
  return { blocks: 0, feeds, tokens };
}
