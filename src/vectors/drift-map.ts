/** A map from one model's vectors into another's space, fitted on texts that both embedded. */
import { NearfoldError } from "../errors.ts";
import { inverseFactor } from "../tensor/cholesky.ts";
import { polarFactor } from "../tensor/polar-factor.ts";
import { symmetricEigen } from "../tensor/symmetric-eigen.ts";

/** `y = W x + b`, rows `[N, in] -> [N, out]`. */
export interface DriftMap {
  /** How it was fitted, for people and programs: "procrustes", "ridge 0.01, shifted". */
  readonly how: string;
  readonly from: number;
  readonly to: number;
  /** `[out, in]`. */
  readonly matrix: Float32Array;
  /** `[out]`; zeros where there is no shift. */
  readonly shift: Float32Array;
}

/** Vectors of the same texts by both models: rows of the model that asks `[N, in]`, and of the index's `[N, out]`. */
export interface PairedVectors {
  readonly rows: number;
  readonly asking: Float32Array;
  readonly asked: Float32Array;
}

/** Strengths of ridge, as shares of the mean variance of a dimension. */
const RIDGES = [1e-3, 1e-2, 1e-1, 1];
/** Ranks of a low-rank map, as shares of the narrower width. */
const RANKS = [0.25, 0.5];

/**
 * Every map that is tried, for the caller to choose among by what each finds: a rotation where the widths are equal (Procrustes); ridge regression of the
 * index's vectors on the asking model's, full or of a lower rank; and its reverse, "scores": documents' vectors of the asking model are regressed on the
 * index's, `x ≈ A y`, and a query is mapped by `Aᵀ`, so that its product with `y` is the nearest to what it would be with `x`. Each with
 * and without a shift by the means. Source: "Drift-Adapter", arXiv:2509.23471; Schönemann 1966.
 * @param documents what maps are fitted on; queries may differ from documents, so both kinds of pairs can be given
 * @throws bad-argument for fewer than two rows, or widths that do not fit
 */
export function fitDriftMaps(documents: PairedVectors, queries?: PairedVectors): DriftMap[] {
  const [from, to] = widths(documents);
  const texts = queries && queries.rows > 1 ? joined(documents, queries) : documents;
  const maps: DriftMap[] = [];
  for (const shifted of [false, true]) {
    const named = (how: string) => (shifted ? `${how}, shifted` : how);
    const plain = momentsOf(texts, from, to, shifted);
    const make = (how: string, matrix: Float64Array) => maps.push(mapOf(named(how), matrix, plain));
    if (from === to) make("procrustes", polarFactor(plain.across, from));
    for (const ridge of RIDGES) {
      const full = ridgeOf(plain.within, plain.across, from, to, ridge * plain.spread);
      make(`ridge ${ridge}`, full);
      if (ridge !== RIDGES[1]) continue;
      for (const share of RANKS) {
        const rank = Math.max(1, Math.floor(share * Math.min(from, to)));
        make(`rank ${rank}`, cutRank(full, plain.within, from, to, rank));
      }
    }
    // The other way round; its shift is the same for every document, so no ranking sees it.
    const back = momentsOf(turned(documents), to, from, shifted);
    for (const ridge of RIDGES) {
      const a = ridgeOf(back.within, back.across, to, from, ridge * back.spread);
      const zero = { meanIn: new Float64Array(from), meanOut: new Float64Array(to) };
      maps.push(mapOf(named(`scores ${ridge}`), transposed(a, from, to), { ...zero, from, to }));
    }
  }
  return maps;
}

/** Vectors in the other space `[N, out]`, which are not brought to unit length. */
export function applyDriftMap(map: DriftMap, vectors: Float32Array): Float32Array<ArrayBuffer> {
  const { from, to, matrix, shift } = map;
  const rows = vectors.length / from;
  if (!Number.isInteger(rows)) {
    const [got, wanted] = [`${vectors.length} numbers`, `rows of ${from}`];
    throw new NearfoldError("bad-argument", "the vectors do not fit the map", { got, wanted });
  }
  const out = new Float32Array(rows * to);
  for (let row = 0; row < rows; row++) {
    const x = vectors.subarray(row * from, (row + 1) * from);
    for (let o = 0; o < to; o++) {
      let sum = shift[o];
      for (let i = 0; i < from; i++) sum += matrix[o * from + i] * x[i];
      out[row * to + o] = sum;
    }
  }
  return out;
}

interface Moments {
  readonly from: number;
  readonly to: number;
  readonly meanIn: Float64Array;
  readonly meanOut: Float64Array;
  /** `Σ x xᵀ / N`, `[in, in]`. */
  readonly within: Float64Array;
  /** `Σ y xᵀ / N`, `[out, in]`. */
  readonly across: Float64Array;
  /** Mean of what stands on the diagonal of `within`. */
  readonly spread: number;
}

function momentsOf(
  { rows, asking, asked }: PairedVectors,
  from: number,
  to: number,
  shifted: boolean,
): Moments {
  const meanIn = shifted ? meanOf(asking, rows, from) : new Float64Array(from);
  const meanOut = shifted ? meanOf(asked, rows, to) : new Float64Array(to);
  const within = new Float64Array(from * from);
  const across = new Float64Array(to * from);
  const [x, y] = [new Float64Array(from), new Float64Array(to)];
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < from; i++) x[i] = asking[row * from + i] - meanIn[i];
    for (let o = 0; o < to; o++) y[o] = asked[row * to + o] - meanOut[o];
    addOuter(within, x, x);
    addOuter(across, y, x);
  }
  for (let i = 0; i < within.length; i++) within[i] /= rows;
  for (let i = 0; i < across.length; i++) across[i] /= rows;
  let trace = 0;
  for (let i = 0; i < from; i++) trace += within[i * (from + 1)];
  return { from, to, meanIn, meanOut, within, across, spread: trace / from };
}

/** `W = C (S + λ I)⁻¹`, `[out, in]`. */
function ridgeOf(
  within: Float64Array,
  across: Float64Array,
  from: number,
  to: number,
  strength: number,
): Float64Array {
  const damped = within.slice();
  for (let i = 0; i < from; i++) damped[i * (from + 1)] += strength + Number.EPSILON;
  const u = inverseFactor(damped, from);
  // (S + λ I)⁻¹ = Uᵀ U, U upper triangular: first each row of C by Uᵀ, then by U.
  const out = new Float64Array(to * from);
  const half = new Float64Array(from);
  for (let o = 0; o < to; o++) {
    const row = across.subarray(o * from, (o + 1) * from);
    const made = out.subarray(o * from, (o + 1) * from);
    for (let k = 0; k < from; k++) {
      let sum = 0;
      for (let i = k; i < from; i++) sum += u[k * from + i] * row[i];
      half[k] = sum;
    }
    for (let k = 0; k < from; k++) {
      const factor = half[k];
      for (let i = k; i < from; i++) made[i] += factor * u[k * from + i];
    }
  }
  return out;
}

/** The best map of a lower rank: onto the first axes of what the full one gives (reduced-rank regression; Izenman 1975). */
function cutRank(
  full: Float64Array,
  within: Float64Array,
  from: number,
  to: number,
  rank: number,
): Float64Array {
  const through = new Float64Array(to * from);
  for (let o = 0; o < to; o++) {
    for (let i = 0; i < from; i++) {
      const factor = full[o * from + i];
      for (let j = 0; j < from; j++) through[o * from + j] += factor * within[i * from + j];
    }
  }
  const spread = new Float64Array(to * to);
  for (let a = 0; a < to; a++) {
    for (let b = 0; b < to; b++) {
      let sum = 0;
      for (let i = 0; i < from; i++) sum += through[a * from + i] * full[b * from + i];
      spread[a * to + b] = sum;
    }
  }
  const { vectors } = symmetricEigen(spread, to);
  const out = new Float64Array(to * from);
  const along = new Float64Array(from);
  for (let r = 0; r < rank; r++) {
    const axis = vectors.subarray(r * to, (r + 1) * to);
    along.fill(0);
    for (let o = 0; o < to; o++) {
      for (let i = 0; i < from; i++) along[i] += axis[o] * full[o * from + i];
    }
    addOuter(out, axis, along);
  }
  return out;
}

/** `y = W (x − mean) + mean'`, as `W x + b`. */
function mapOf(
  how: string,
  matrix: Float64Array,
  { from, to, meanIn, meanOut }: Pick<Moments, "from" | "to" | "meanIn" | "meanOut">,
): DriftMap {
  const shift = Float32Array.from(meanOut, (mean, o) => {
    let sum = mean;
    for (let i = 0; i < from; i++) sum -= matrix[o * from + i] * meanIn[i];
    return sum;
  });
  return { how, from, to, matrix: Float32Array.from(matrix), shift };
}

function addOuter(out: Float64Array, a: Float64Array, b: Float64Array): void {
  const width = b.length;
  for (let r = 0; r < a.length; r++) {
    const factor = a[r];
    if (factor === 0) continue;
    for (let c = 0; c < width; c++) out[r * width + c] += factor * b[c];
  }
}

function meanOf(vectors: Float32Array, rows: number, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows * width; i++) mean[i % width] += vectors[i] / rows;
  return mean;
}

function joined(a: PairedVectors, b: PairedVectors): PairedVectors {
  const both = (x: Float32Array, y: Float32Array) => {
    const out = new Float32Array(x.length + y.length);
    out.set(x);
    out.set(y, x.length);
    return out;
  };
  return {
    rows: a.rows + b.rows,
    asking: both(a.asking, b.asking),
    asked: both(a.asked, b.asked),
  };
}

function turned({ rows, asking, asked }: PairedVectors): PairedVectors {
  return { rows, asking: asked, asked: asking };
}

/** Of `[rows, columns]`. */
function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c];
  }
  return out;
}

function widths({ rows, asking, asked }: PairedVectors): [from: number, to: number] {
  const [from, to] = [asking.length / rows, asked.length / rows];
  if (rows > 1 && Number.isInteger(from) && Number.isInteger(to)) return [from, to];
  throw new NearfoldError("bad-argument", "nothing to fit a map on", {
    got: `${rows} rows of ${asking.length} and ${asked.length} numbers`,
    wanted: "two rows or more by both models",
  });
}
