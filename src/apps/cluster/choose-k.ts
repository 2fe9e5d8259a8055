/** How many groups. */
import { silhouette } from "../../evaluate/index.ts";
import { sequence, shuffle } from "../../graph/index.ts";
import { type KMeans, type KMeansOptions, kMeans } from "./k-means.ts";
import { asUnitRows } from "./unit-rows.ts";

export interface ChooseKOptions extends Omit<KMeansOptions, "k" | "onProgress"> {
  /** Numbers that are tried. @default some from 2 to the square root of the rows, each a third more than the one before */
  readonly candidates?: readonly number[];
  /** Rows whose silhouette is taken. @default 2000 */
  readonly sample?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ChosenK {
  readonly k: number;
  readonly found: KMeans;
  /** The mean silhouette of each candidate, by cosine. */
  readonly tried: readonly { readonly k: number; readonly silhouette: number }[];
}

/**
 * The number of groups whose mean silhouette is largest (Rousseeuw 1987), of equal ones the least.
 * @throws as `kMeans`
 */
export async function chooseK(
  vectors: Float32Array,
  dims: number,
  options: ChooseKOptions = {},
): Promise<ChosenK> {
  const rows = asUnitRows(vectors, dims);
  const count = rows.length / dims;
  const { sample = 2000, seed = 1, candidates = ladder(count), onProgress, ...rest } = options;
  const order = shuffle(
    Int32Array.from({ length: count }, (_, row) => row),
    sequence(seed, 99),
  );
  const sampled = order.slice(0, sample);
  const tried: { readonly k: number; readonly silhouette: number }[] = [];
  let best: { readonly k: number; readonly found: KMeans; readonly score: number } | undefined;
  for (const k of candidates) {
    const found = await kMeans(rows, dims, { ...rest, seed, k });
    const isOne = new Set(found.labels).size < 2;
    const score = isOne ? -1 : silhouette(rows, dims, found.labels, { rows: sampled });
    tried.push({ k, silhouette: score });
    if (best === undefined || score > best.score) best = { k, found, score };
    onProgress?.(tried.length, candidates.length);
  }
  return { k: best!.k, found: best!.found, tried };
}

/** From 2 upwards, a third more each, to the square root of the rows. */
export function ladder(rows: number): readonly number[] {
  const most = Math.max(2, Math.floor(Math.sqrt(rows)));
  const steps: number[] = [];
  for (let k = 2; k <= Math.min(most, rows); k = Math.max(k + 1, Math.round(k * 1.33)))
    steps.push(k);
  return steps.length > 0 ? steps : [1];
}
