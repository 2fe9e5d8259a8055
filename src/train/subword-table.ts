/**
 * Words that share their parts while they are trained: the vector of a token is its own row plus the rows of its character n-grams
 * (fastText: Bojanowski et al., arXiv:1607.04606, eq. for s(w, c); hashed as there), times a weight of its own. After training all of it
 * folds into one table, so the saved model is an ordinary bag of tokens.
 */
import { bug } from "../errors.ts";
import { fillNormal } from "../graph/rng.ts";
import { AdamW, type RowGradient } from "../optim/adamw.ts";
import { RowSums } from "../optim/row-sums.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { momentsState, type TrainedTable } from "./parameters.ts";

export interface SubwordOptions {
  /** Lengths of the n-grams of `<token>`. @default 3 */
  readonly minLength?: number;
  /** @default 5 */
  readonly maxLength?: number;
  /** Rows that the n-grams are hashed to. @default 8192 */
  readonly buckets?: number;
  /** Learn how much each token counts (starting alike), as inverse document frequency would say it. @default true */
  readonly tokenWeights?: boolean;
}

/** The n-grams of a token as written in a WordPiece vocabulary: `<` begins a word, and a `##` piece does not begin one. */
function ngramsOf(token: string, minLength: number, maxLength: number): string[] {
  const text = token.startsWith("##") ? `${token.slice(2)}>` : `<${token}>`;
  const letters = [...text];
  const found: string[] = [];
  for (let size = minLength; size <= maxLength; size++) {
    for (let i = 0; i + size <= letters.length; i++)
      found.push(letters.slice(i, i + size).join(""));
  }
  return found;
}

/** FNV-1a over UTF-16 units, to a bucket. */
function bucketOf(ngram: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < ngram.length; i++) hash = Math.imul(hash ^ ngram.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % buckets;
}

/**
 * A token table `[V, D]` trained as `e^{w_t} · (E_t + 1/√n Σ N_g)`, over the `n` n-grams `g` of token `t`.
 * `table` holds the initial `E`, and afterwards the folded rows. `tokens` are the vocabulary, by id; those in `bare` have no n-grams.
 */
export function subwordTable(
  optimizer: AdamW,
  name: string,
  table: Tensor<"float32">,
  tokens: readonly (string | undefined)[],
  options: SubwordOptions & { readonly seed: number; readonly bare?: ReadonlySet<number> },
): TrainedTable {
  const { minLength = 3, maxLength = 5, buckets = 8192, tokenWeights = true, seed } = options;
  const [rows, width] = table.shape as [number, number];
  const folded = table.data;
  const own = folded.slice();
  const grams = fillNormal(new Float32Array(buckets * width), {
    seed,
    stream: [1],
    std: deviation(own),
  });
  const weights = new Float32Array(rows);
  const parts = tokens.map((token, id) =>
    token === undefined || options.bare?.has(id)
      ? new Int32Array(0)
      : Int32Array.from(ngramsOf(token, minLength, maxLength), (gram) => bucketOf(gram, buckets)),
  );
  const moments = {
    own: AdamW.moments(own.length, rows),
    grams: AdamW.moments(grams.length, buckets),
    weights: AdamW.moments(rows, rows),
  };
  const sums = { own: new RowSums(rows, width), grams: new RowSums(buckets, width) };
  let collected: { own: RowGradient; grams: RowGradient; weights: RowGradient } | undefined;

  const fold = (id: number) => {
    const start = id * width;
    const found = parts[id] ?? [];
    const share = 1 / Math.sqrt(found.length);
    const scale = Math.exp(weights[id]);
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (const gram of found) sum += grams[gram * width + i];
      folded[start + i] = scale * (own[start + i] + (found.length > 0 ? share * sum : 0));
    }
  };

  return {
    settle: (indices) => {
      const ids = [...new Set(indices ?? parts.keys())];
      const named = new Set(ids.flatMap((id) => Array.from(parts[id] ?? [])));
      optimizer.settle(own, moments.own, ids);
      optimizer.settle(grams, moments.grams, named);
      if (tokenWeights) optimizer.settle(weights, moments.weights, ids);
      for (const id of ids) fold(id);
    },
    collect: (updates) => {
      const gradient = sums.own.sum(updates);
      const { indices, rows: values } = gradient;
      const slopes = new Float32Array(indices.length);
      const named: number[] = [];
      const source = { row: [] as number[], scale: [] as number[] };
      indices.forEach((id, n) => {
        const [from, to] = [n * width, id * width];
        const scale = Math.exp(weights[id]);
        let slope = 0;
        for (let i = 0; i < width; i++) {
          slope += values[from + i] * folded[to + i];
          values[from + i] *= scale;
        }
        slopes[n] = slope;
        const found = parts[id] ?? [];
        for (const gram of found) {
          named.push(gram);
          source.row.push(n);
          source.scale.push(1 / Math.sqrt(found.length));
        }
      });
      collected = {
        own: gradient,
        grams: sums.grams.sum([{ indices: named, rows: values, source }]),
        weights: { indices: indices.slice(), rows: slopes },
      };
    },
    get gradients() {
      if (!collected) return [];
      return [
        collected.own.rows,
        collected.grams.rows,
        ...(tokenWeights ? [collected.weights.rows] : []),
      ];
    },
    apply: () => {
      if (!collected) throw bug("a table was not given its gradient");
      optimizer.updateRows(own, collected.own, moments.own);
      optimizer.updateRows(grams, collected.grams, moments.grams);
      if (tokenWeights) optimizer.updateRows(weights, collected.weights, moments.weights);
      collected = undefined;
    },
    state: () => {
      const shapes = { own: table.shape, grams: [buckets, width], weights: [rows] };
      const values = { own, grams, weights };
      return new Map<string, Tensor>([
        [name, table],
        ...(["own", "grams", "weights"] as const).flatMap((key) => [
          [`${name}.${key}`, floats(values[key], shapes[key])] as [string, Tensor],
          ...momentsState(`${name}.${key}`, shapes[key], moments[key]),
        ]),
      ]);
    },
  };
}

function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / Math.max(1, values.length));
}
