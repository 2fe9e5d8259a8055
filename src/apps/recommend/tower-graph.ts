/** The two towers and their loss as one graph. */
import { gradients } from "../../graph/grad.ts";
import { graphOf, input, inputName, scalar, type Value } from "../../graph/node.ts";
import { add, gather, matmul, mul, reduceMean, reduceSum, sub } from "../../graph/ops/index.ts";
import { share } from "../../graph/rewrite.ts";
import { logSumExp } from "../../losses/loss.ts";
import { type GradientGraph, names } from "../../train/graphs.ts";

/** The weights by their names; `I` items, `D` dimensions, `E` those of a text. */
export const weightNames = {
  /** `[I, D]`: what an item is, beside its text. */
  items: "items",
  /** `[I, D]`: what an item says of somebody who chose it. */
  choices: "choices",
  /** `[1, D]`: somebody of whom nothing is known. */
  start: "start",
  /** `[D, E]`: what a text says of its item. */
  itemText: "items.text",
  /** `[D, E]`: what it says of somebody who chose the item. */
  choiceText: "choices.text",
} as const;

/** What a batch feeds: `B` users, `U` distinct items of their histories, `N` distinct targets. */
export const feedNames = {
  /** `[U]` and `[N]` int32. */
  chosenRows: "chosen.rows",
  targetRows: "target.rows",
  /** `[U, 1]` and `[N, 1]`: 0 where an item's own row is dropped, so that its text must do. */
  chosenKept: "chosen.kept",
  targetKept: "target.kept",
  /** `[U, E]` and `[N, E]`. */
  chosenTexts: "chosen.texts",
  targetTexts: "target.texts",
  /** `[B, U]`: how much each item of a history counts. */
  histories: "histories",
  /** `[B, N]`: the shares of a user's targets; each row sums to 1. */
  targets: "targets",
  /** `[B, N]`, added to the scores: `− log q`, and a large negative number at what is no negative of this user's. */
  offsets: "offsets",
} as const;

export interface TowerShape {
  readonly items: number;
  readonly dims: number;
  /** Dimensions of the texts' vectors; 0 where items have no text. */
  readonly textDims: number;
}

/**
 * Batch in; loss and the gradients of the weights out. A user is `start + Σ w choices`, so needs no row of their own and may be new; the
 * score is a dot product; the loss is the mean over users of `log Σ_j exp(s_j − log q_j) − Σ_i t_i (s_i − log q_i)`
 * (Yi et al. 2019, eq. 1–3).
 */
export function towerGraph({ items, dims, textDims }: TowerShape): GradientGraph {
  const tables = [
    input(weightNames.items, "float32", [items, dims]),
    input(weightNames.choices, "float32", [items, dims]),
  ] as const;
  const start = input(weightNames.start, "float32", [1, dims]);
  const texts =
    textDims === 0
      ? []
      : [weightNames.itemText, weightNames.choiceText].map((name) =>
          input(name, "float32", [dims, textDims]),
        );
  const [itemText, choiceText] = texts;
  const target = tower(tables[0], itemText, {
    ...{ rows: feedNames.targetRows, kept: feedNames.targetKept },
    ...{ texts: feedNames.targetTexts, size: "N" },
  });
  const chosen = tower(tables[1], choiceText, {
    ...{ rows: feedNames.chosenRows, kept: feedNames.chosenKept },
    ...{ texts: feedNames.chosenTexts, size: "U" },
  });
  const user = add(matmul(input(feedNames.histories, "float32", ["B", "U"]), chosen), start);
  const scores = add(
    matmul(user, target, { transB: true }),
    input(feedNames.offsets, "float32", ["B", "N"]),
  );
  const hits = reduceSum(mul(input(feedNames.targets, "float32", ["B", "N"]), scores), {
    axes: [-1],
  });
  const loss = reduceMean(sub(logSumExp(scores), hits));
  return withGradients(loss, [start, ...texts], tables);
}

interface TowerFeeds {
  readonly rows: string;
  readonly kept: string;
  readonly texts: string;
  readonly size: string;
}

/** `kept · row + text Wᵀ`: `[size, D]`. */
function tower(table: Value, projection: Value | undefined, feeds: TowerFeeds): Value {
  const { rows, kept, texts, size } = feeds;
  const own = gather(table, input(rows, "int32", [size]));
  if (!projection) return own;
  const masked = mul(own, input(kept, "float32", [size, 1]));
  const text = input(texts, "float32", [size, projection.shape[1]]);
  return add(masked, matmul(text, projection, { transB: true }));
}

function withGradients(
  loss: Value,
  dense: readonly Value[],
  tables: readonly Value[],
): GradientGraph {
  const found = gradients(new Map([[loss, scalar(1)]]), dense, { rows: tables });
  const sources = [...found.rows].map(([table, [{ rows, indices }]]) => ({
    table: inputName(table),
    output: [names.rows(inputName(table), 0), rows] as const,
    indices: inputName(indices),
  }));
  const written: (readonly [string, Value])[] = [
    [names.loss, loss],
    ...[...found.dense].map(
      ([weight, gradient]) => [names.gradient(inputName(weight)), gradient] as const,
    ),
    ...sources.map(({ output }) => output),
  ];
  const shared = share(written.map(([, value]) => value));
  return {
    graph: graphOf(Object.fromEntries(written.map(([name], i) => [name, shared[i]]))),
    dense: [...found.dense.keys()].map(inputName),
    rows: sources.map(({ table, output, indices }) => ({ table, rows: output[0], indices })),
  };
}
