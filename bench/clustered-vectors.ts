/** Vectors that are spread as embeddings of texts are, of any number, from a seed: what approximate search is measured on. */
import { fillNormal, type Rng, sequence } from "../src/graph/rng.ts";
import { unitRows } from "../src/tensor/rows.ts";

export interface ClusteredOptions {
  /** Those that are searched. */
  readonly rows: number;
  /** Drawn as the rows are, and none of them. */
  readonly queries: number;
  /** A multiple of 128. @default 384 */
  readonly dims?: number;
  /** @default 2000 */
  readonly clusters?: number;
  /** @default 1 */
  readonly seed?: number;
}

export interface ClusteredVectors {
  readonly dims: number;
  /** `[rows, D]`, of unit length. */
  readonly vectors: Float32Array;
  /** `[queries, D]`, of unit length. */
  readonly queries: Float32Array;
}

/** How far a vector lies from its cluster's centre, of the centre's own length. */
const SPREAD = 0.7;
/** The size of a Walsh-Hadamard transform. */
const BLOCK = 128;

const streams = { centres: 1, rows: 2, queries: 3, signs: 4 } as const;

/**
 * A mixture of clusters whose sizes fall as Zipf's (the i-th holds 1 / i of the first's), in which the variance along the j-th axis is
 * 1 / j, of centres and of what is around them; then the axes are mixed by a rotation, so that no dimension says more than another.
 * With 200,000 rows in 2,000 clusters the largest holds 24,000, the least a dozen. Same seed, same bytes.
 */
export function clusteredVectors({
  rows,
  queries,
  dims = 384,
  clusters = 2000,
  seed = 1,
}: ClusteredOptions): ClusteredVectors {
  const deviations = Float64Array.from({ length: dims }, (_, j) => 1 / Math.sqrt(j + 1));
  const centres = normal(clusters, deviations, { seed, stream: [streams.centres] });
  const rotate = rotation(dims, sequence(seed, streams.signs));
  const draw = (count: number, stream: number) => {
    const out = normal(count, deviations, { seed, stream: [stream] });
    const cluster = zipf(clusters, sequence(seed, stream));
    for (let row = 0; row < count; row++) {
      const [at, centre] = [row * dims, cluster() * dims];
      for (let j = 0; j < dims; j++) out[at + j] = centres[centre + j] + SPREAD * out[at + j];
      rotate(out.subarray(at, at + dims));
    }
    return unitRows(out, dims);
  };
  return { dims, vectors: draw(rows, streams.rows), queries: draw(queries, streams.queries) };
}

function normal(
  rows: number,
  deviations: Float64Array,
  options: Parameters<typeof fillNormal>[1],
): Float32Array {
  const out = new Float32Array(rows * deviations.length);
  fillNormal(out, options);
  for (let i = 0; i < out.length; i++) out[i] *= deviations[i % deviations.length];
  return out;
}

/** Draws of `0` to `count - 1`, the i-th with a weight of 1 / (i + 1). */
function zipf(count: number, next: Rng): () => number {
  const ends = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) ends[i] = sum += 1 / (i + 1);
  return () => {
    const wanted = next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Random signs, then a Walsh-Hadamard transform of every so-many-th dimension: a rotation in place that costs D log D. */
function rotation(dims: number, next: Rng): (vector: Float32Array) => void {
  if (dims % BLOCK !== 0) throw new Error(`${dims} dimensions are no multiple of ${BLOCK}`);
  const scale = 1 / Math.sqrt(BLOCK);
  const signs = Float64Array.from({ length: dims }, () => (next() < 0.5 ? -scale : scale));
  const blocks = dims / BLOCK;
  return (vector) => {
    for (let j = 0; j < dims; j++) vector[j] *= signs[j];
    for (let span = 1; span < BLOCK; span *= 2) {
      for (let i = 0; i < BLOCK; i++) {
        if (i & span) continue;
        for (let block = 0; block < blocks; block++) {
          const [a, b] = [i * blocks + block, (i + span) * blocks + block];
          const [x, y] = [vector[a], vector[b]];
          vector[a] = x + y;
          vector[b] = x - y;
        }
      }
    }
  };
}
