/** How well groups agree with others, and how well they hang together. */
import { NearfoldError } from "../errors.ts";

/** A group's number for each row; labels of texts are numbered by `numberLabels`. */
export type Labels = ArrayLike<number>;

export interface VMeasure {
  /** 1 where each group holds rows of one class only. */
  readonly homogeneity: number;
  /** 1 where all rows of a class are in one group. */
  readonly completeness: number;
  /** The harmonic mean of the two. */
  readonly vMeasure: number;
}

/**
 * Entropies of classes and groups, given each other (Rosenberg and Hirschberg, "V-Measure: A Conditional Entropy-Based External Cluster Evaluation Measure", 2007, with
 * beta 1). In natural logarithms, as scikit-learn's `v_measure_score`.
 * @throws bad-argument for lists of different lengths, or empty ones
 */
export function vMeasure(classes: Labels, groups: Labels): VMeasure {
  const table = contingency(classes, groups);
  const mutual = mutualInformation(table);
  const share = (entropy: number) => (entropy === 0 ? 1 : mutual / entropy);
  const homogeneity = share(entropy(table.rows, table.total));
  const completeness = share(entropy(table.columns, table.total));
  const sum = homogeneity + completeness;
  return {
    homogeneity,
    completeness,
    vMeasure: sum === 0 ? 0 : (2 * homogeneity * completeness) / sum,
  };
}

export interface PairScores {
  /** Of pairs of rows in one group, the share that is of one class. */
  readonly precision: number;
  /** Of pairs of rows of one class, the share that is in one group. */
  readonly recall: number;
}

/** Over all pairs of rows, without listing them. 1 where there is no such pair. @throws as `vMeasure` */
export function pairScores(classes: Labels, groups: Labels): PairScores {
  const { cells, rows, columns } = contingency(classes, groups);
  const pairs = (counts: Iterable<number>) => {
    let sum = 0;
    for (const count of counts) sum += (count * (count - 1)) / 2;
    return sum;
  };
  const right = pairs(cells.values());
  const share = (of: number) => (of === 0 ? 1 : right / of);
  return { precision: share(pairs(columns.values())), recall: share(pairs(rows.values())) };
}

/** Texts as numbers, from 0 in the order of their first places. */
export function numberLabels(labels: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(labels, (label) => {
    const known = numbers.get(label) ?? numbers.size;
    numbers.set(label, known);
    return known;
  });
}

/**
 * The mean silhouette by cosine distance (Rousseeuw 1987): `(b - a) / max(a, b)`, with `a` the mean distance to the row's own group and `b` that to the nearest
 * other; 0 for a group of one. Sums of unit vectors stand for all pairs, so it costs rows times groups. Rows of a negative label are noise, and left out.
 * @param vectors `[N, dims]` of unit length
 * @param rows which rows it is the mean of; the distances are to all. @default all
 * @throws bad-argument for fewer than two groups, or lengths that do not fit
 */
export function silhouette(
  vectors: Float32Array,
  dims: number,
  labels: Labels,
  { rows }: { readonly rows?: Iterable<number> } = {},
): number {
  if (vectors.length !== labels.length * dims) throw unequal(vectors.length / dims, labels.length);
  const { sums, counts } = groupSums(vectors, dims, labels);
  if (counts.size < 2) {
    const got = `${counts.size}`;
    throw new NearfoldError("bad-argument", "too few groups", { got, wanted: "at least 2" });
  }
  let [sum, count] = [0, 0];
  for (const row of rows ?? labelledRows(labels)) {
    if (labels[row] < 0) continue;
    sum += silhouetteOf(vectors.subarray(row * dims, (row + 1) * dims), labels[row], sums, counts);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function silhouetteOf(
  vector: Float32Array,
  own: number,
  sums: ReadonlyMap<number, Float64Array>,
  counts: ReadonlyMap<number, number>,
): number {
  const size = counts.get(own)!;
  if (size === 1) return 0;
  let [a, b] = [0, Number.POSITIVE_INFINITY];
  for (const [label, sum] of sums) {
    let product = 0;
    for (let i = 0; i < vector.length; i++) product += vector[i] * sum[i];
    const distance = counts.get(label)! - product;
    // The distance to itself is 0.
    if (label === own) a = distance / (size - 1);
    else b = Math.min(b, distance / counts.get(label)!);
  }
  const most = Math.max(a, b);
  return most === 0 ? 0 : (b - a) / most;
}

function groupSums(vectors: Float32Array, dims: number, labels: Labels) {
  const sums = new Map<number, Float64Array>();
  const counts = new Map<number, number>();
  for (const row of labelledRows(labels)) {
    const label = labels[row];
    const sum = sums.get(label) ?? new Float64Array(dims);
    sums.set(label, sum);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    for (let i = 0; i < dims; i++) sum[i] += vectors[row * dims + i];
  }
  return { sums, counts };
}

function* labelledRows(labels: Labels): Generator<number> {
  for (let row = 0; row < labels.length; row++) if (labels[row] >= 0) yield row;
}

interface Contingency {
  /** Rows of a class and a group, by `"class group"`. */
  readonly cells: ReadonlyMap<string, number>;
  readonly rows: ReadonlyMap<number, number>;
  readonly columns: ReadonlyMap<number, number>;
  readonly total: number;
}

function contingency(classes: Labels, groups: Labels): Contingency {
  if (classes.length !== groups.length || classes.length === 0) {
    throw unequal(classes.length, groups.length);
  }
  const cells = new Map<string, number>();
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  for (let i = 0; i < classes.length; i++) {
    const cell = `${classes[i]} ${groups[i]}`;
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
    rows.set(classes[i], (rows.get(classes[i]) ?? 0) + 1);
    columns.set(groups[i], (columns.get(groups[i]) ?? 0) + 1);
  }
  return { cells, rows, columns, total: classes.length };
}

function unequal(one: number, other: number): NearfoldError {
  return new NearfoldError("bad-argument", "not labels of the same rows", {
    got: `${one} and ${other}`,
    wanted: "as many, at least one",
  });
}

function entropy(counts: ReadonlyMap<number, number>, total: number): number {
  let sum = 0;
  for (const count of counts.values()) sum -= (count / total) * Math.log(count / total);
  return sum;
}

function mutualInformation({ cells, rows, columns, total }: Contingency): number {
  let sum = 0;
  for (const [cell, count] of cells) {
    const [row, column] = cell.split(" ").map(Number);
    const expected = rows.get(row)! * columns.get(column)!;
    sum += (count / total) * Math.log((count * total) / expected);
  }
  // Rounding can leave less than nothing.
  return Math.max(0, sum);
}
