/** What an optimizer moves: dense weights, and tables whose rows are moved as batches name them. */
import { bug } from "../errors.ts";
import { AdamW, type Moments, type RowGradient } from "../optim/adamw.ts";
import { RowSums, type RowUpdate } from "../optim/row-sums.ts";
import { floats, ints, type Tensor } from "../tensor/tensor.ts";

/** A table of the model, however it is parametrised while it is trained. */
export interface TrainedTable {
  /** Brings rows of the model's table up to date, before a graph reads them. @default all rows */
  settle(indices?: Iterable<number>): void;
  /**
   * Adds up what a batch says of the rows, ready to be clipped and applied. `dense` is the part of the gradient that comes as a whole
   * table, where something reads it so; it is added to in place.
   */
  collect(updates: readonly RowUpdate[], dense?: Float32Array): void;
  /** The collected gradients of the parameters, in place. */
  readonly gradients: readonly Float32Array[];
  /** One optimizer step with what was collected. */
  apply(): void;
  /** Everything a resumed run needs, unsettled; the arrays are the live ones. */
  state(): ReadonlyMap<string, Tensor>;
}

/** A table that is its own parameter. */
export function plainTable(optimizer: AdamW, name: string, table: Tensor<"float32">): TrainedTable {
  const [rows, width] = table.shape as [number, number];
  const moments = AdamW.moments(table.data.length, rows);
  const sums = new RowSums(rows, width);
  let collected: RowGradient | undefined;
  return {
    settle: (indices) => optimizer.settle(table.data, moments, indices),
    collect: (updates, dense) => {
      const sum = sums.sum(updates);
      collected = dense ? wholeTable(dense, sum, rows) : sum;
    },
    get gradients() {
      return collected ? [collected.rows] : [];
    },
    apply: () => {
      if (!collected) throw bug("a table was not given its gradient");
      optimizer.updateRows(table.data, collected, moments);
      collected = undefined;
    },
    state: () => new Map([[name, table], ...momentsState(name, table.shape, moments)]),
  };
}

/** A table's gradient of every row: its dense part, the rows of a batch added. */
function wholeTable(
  dense: Float32Array,
  { indices, rows }: RowGradient,
  size: number,
): RowGradient {
  const width = dense.length / size;
  indices.forEach((row, n) => {
    for (let i = 0; i < width; i++) dense[row * width + i] += rows[n * width + i];
  });
  return { indices: Int32Array.from({ length: size }, (_, row) => row), rows: dense };
}

/** The moments of a parameter as named tensors over the live arrays. */
export function momentsState(
  name: string,
  shape: readonly number[],
  { first, second, upTo }: Moments,
): [string, Tensor][] {
  return [
    [`${name}#first`, floats(first, shape)],
    [`${name}#second`, floats(second, shape)],
    ...(upTo ? [[`${name}#up-to`, ints(upTo)] as [string, Tensor]] : []),
  ];
}
