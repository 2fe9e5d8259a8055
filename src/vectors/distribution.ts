/** How a collection of vectors fills its dimensions: what bits can tell apart, and what they cannot. */
import { NearfoldError } from "../errors.ts";
import { unitRows } from "../tensor/rows.ts";

export interface Distribution {
  readonly rows: number;
  readonly dims: number;
  /** Length of the mean of the unit vectors: 0 where they point to all sides, 1 where all point to one. */
  readonly meanLength: number;
  /**
   * Directions that share the variance: `(Σ λ)² / Σ λ²` over the covariance's eigenvalues (participation ratio; Gao et al. 2017,
   * bioRxiv:214262). From 1 to the lesser of dims and rows.
   */
  readonly effectiveDims: number;
  /** Mean entropy of the sign of a dimension, in bits: 1 where half of the vectors are above 0, 0 where all have one sign. */
  readonly signEntropy: number;
  /** Dimensions in which at least 95 % of the vectors have one sign. */
  readonly stuckSigns: number;
  /** The participation ratio of the bits that `binary` keeps: independent bits that would differ as much. */
  readonly effectiveBits: number;
  /** Root mean square of the correlation of two of these bits, less what so few rows show by chance. */
  readonly bitCorrelation: number;
}

const STUCK = 0.95;

/**
 * Measures vectors `[N, D]` of any length. Takes `N D min(N, D)` steps: a sample of a thousand is enough.
 * @throws bad-argument for fewer than two
 */
export function measureDistribution(vectors: Float32Array, dims: number): Distribution {
  const rows = vectors.length / dims;
  if (!(rows >= 2)) {
    const [got, wanted] = [`${rows} vectors`, "2 or more"];
    throw new NearfoldError("bad-argument", "too few vectors to say how they spread", {
      got,
      wanted,
    });
  }
  const unit = unitRows(vectors.slice(), dims);
  const means = columnMeans(unit, dims);
  const positive = columnMeans(
    unit.map((x) => (x > 0 ? 1 : 0)),
    dims,
  );
  const centred = unit.map((x, i) => x - means[i % dims]);
  const bits = centred.map((x) => (x > 0 ? 1 : -1));
  const bitMeans = columnMeans(bits, dims);
  const centredBits = bits.map((x, i) => x - bitMeans[i % dims]);
  return {
    rows,
    dims,
    meanLength: Math.hypot(...means),
    effectiveDims: participationRatio(centred, dims),
    signEntropy: positive.reduce((sum, p) => sum + entropy(p), 0) / dims,
    stuckSigns: positive.filter((p) => Math.max(p, 1 - p) >= STUCK).length,
    effectiveBits: participationRatio(centredBits, dims),
    bitCorrelation: correlation(centredBits, dims),
  };
}

/** Of the covariance of centred rows; 0 where nothing varies. */
function participationRatio(centred: Float32Array, dims: number): number {
  let trace = 0;
  for (const x of centred) trace += x * x;
  return trace === 0 ? 0 : (trace * trace) / squaredProducts(centred, dims);
}

/** Root mean square over pairs of columns; columns that do not vary have none. */
function correlation(centred: Float32Array, dims: number): number {
  const rows = centred.length / dims;
  const squares = columnMeans(
    centred.map((x) => x * x),
    dims,
  );
  const standard = centred.map((x, i) => {
    const square = squares[i % dims];
    return square > 0 ? x / Math.sqrt(square * rows) : 0;
  });
  const varying = squares.filter((square) => square > 0).length;
  if (varying < 2) return 0;
  const offDiagonal = squaredProducts(standard, dims) - varying;
  const mean = offDiagonal / (varying * (varying - 1));
  return Math.sqrt(Math.max(0, mean - 1 / rows));
}

/** `‖XᵀX‖²` = `‖XXᵀ‖²` (Frobenius) of `X [N, D]`, by the smaller of the two. */
function squaredProducts(x: Float32Array, dims: number): number {
  const rows = x.length / dims;
  if (rows > dims) return squaredProducts(transposed(x, dims), rows);
  let sum = 0;
  for (let a = 0; a < rows; a++) {
    for (let b = a; b < rows; b++) {
      let product = 0;
      for (let d = 0, i = a * dims, j = b * dims; d < dims; d++) product += x[i++] * x[j++];
      sum += (a === b ? 1 : 2) * product * product;
    }
  }
  return sum;
}

function transposed(x: Float32Array, dims: number): Float32Array {
  const rows = x.length / dims;
  const out = new Float32Array(x.length);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < dims; d++) out[d * rows + row] = x[row * dims + d];
  }
  return out;
}

function columnMeans(x: Float32Array, dims: number): Float64Array {
  const means = new Float64Array(dims);
  for (let i = 0; i < x.length; i++) means[i % dims] += x[i];
  return means.map((sum) => (sum * dims) / x.length);
}

/** Of a bit that is set with probability `p`. */
function entropy(p: number): number {
  return [p, 1 - p].reduce((sum, q) => (q > 0 ? sum - q * Math.log2(q) : sum), 0);
}
