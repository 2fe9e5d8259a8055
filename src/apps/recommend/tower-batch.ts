/** Examples as the tensors that the towers' graph reads. */
import { MASKED } from "../../nn/layout.ts";
import { roundUpTokens } from "../../nn/pack.ts";
import { floats, ints, type Tensor } from "../../tensor/tensor.ts";
import type { Feeds } from "../../train/compiled.ts";
import { type Example, historyWeights } from "./draw-batch.ts";
import { feedNames } from "./tower-graph.ts";

export interface BatchOptions {
  /** `[I]`. */
  readonly logQ: Float32Array;
  readonly halfLife: number;
  /** Vectors of the items' texts `[I, E]`. @default items have none */
  readonly texts?: Tensor<"float32"> | undefined;
  /** Whether an item's own row is left out in this batch, so that its text must do. */
  readonly dropped: (row: number) => boolean;
}

/** The feeds of `towerGraph`. Sizes are rounded up, by items that count nothing and are nobody's negative. */
export function towerBatch(examples: readonly Example[], options: BatchOptions): Feeds {
  const chosen = columnsOf(examples.map(({ history }) => history));
  const target = columnsOf(examples.map(({ targets }) => targets));
  const [size, U, N] = [examples.length, chosen.rows.length, target.rows.length];
  const histories = new Float32Array(size * U);
  const targets = new Float32Array(size * N);
  const offsets = new Float32Array(size * N);
  examples.forEach(({ history, targets: wanted, known }, user) => {
    const weights = historyWeights(history.length, options.halfLife);
    history.forEach((row, i) => {
      histories[user * U + chosen.column.get(row)!] = weights[i];
    });
    const own = offsets.subarray(user * N, (user + 1) * N).fill(MASKED);
    target.rows.subarray(0, target.column.size).forEach((row, n) => {
      own[n] = -options.logQ[row];
    });
    for (const row of known) {
      const column = target.column.get(row);
      if (column !== undefined) own[column] = MASKED;
    }
    for (const row of wanted) {
      const column = target.column.get(row)!;
      own[column] = -options.logQ[row];
      targets[user * N + column] = 1 / wanted.length;
    }
  });
  return {
    [feedNames.chosenRows]: ints(chosen.rows),
    [feedNames.targetRows]: ints(target.rows),
    [feedNames.histories]: floats(histories, [size, U]),
    [feedNames.targets]: floats(targets, [size, N]),
    [feedNames.offsets]: floats(offsets, [size, N]),
    ...(options.texts && textFeeds(chosen.rows, target.rows, options.texts, options)),
  };
}

function textFeeds(
  chosen: Int32Array,
  target: Int32Array,
  texts: Tensor<"float32">,
  { dropped }: Pick<BatchOptions, "dropped">,
): Feeds {
  const width = texts.shape[1];
  const kept = (rows: Int32Array) =>
    floats(
      Float32Array.from(rows, (row) => (dropped(row) ? 0 : 1)),
      [rows.length, 1],
    );
  const taken = (rows: Int32Array) => {
    const out = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      out.set(texts.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return floats(out, [rows.length, width]);
  };
  return {
    [feedNames.chosenKept]: kept(chosen),
    [feedNames.targetKept]: kept(target),
    [feedNames.chosenTexts]: taken(chosen),
    [feedNames.targetTexts]: taken(target),
  };
}

/** Each distinct item once, and in which column; filled up with row 0. */
function columnsOf(lists: readonly Int32Array[]) {
  const column = new Map<number, number>();
  for (const list of lists) {
    for (const row of list) if (!column.has(row)) column.set(row, column.size);
  }
  const rows = new Int32Array(roundUpTokens(Math.max(1, column.size)));
  for (const [row, at] of column) rows[at] = row;
  return { rows, column };
}
