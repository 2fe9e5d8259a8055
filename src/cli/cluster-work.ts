/** The ways to group. */
import { chooseK, densityGroups, kMeans } from "../apps/cluster/index.ts";
import type { ClusterTexts } from "./cluster-texts.ts";
import type { Context } from "./command.ts";
import { trackTask } from "./progress.ts";

export interface GroupingOptions {
  readonly method: MethodName;
  readonly k?: number;
  readonly restarts: number;
  readonly batchRows?: number;
  readonly minSize: number;
  readonly minSamples?: number;
  readonly seed: number;
}

export interface Grouped {
  readonly method: MethodName;
  /** The group of each text; -1 for noise. */
  readonly labels: Int32Array;
  /** How well each fits: the cosine with its center, or its strength in a dense group. */
  readonly scores: Float32Array;
  /** Numbers of groups that were tried, where none was asked for. */
  readonly tried?: readonly { readonly k: number; readonly silhouette: number }[];
}

type Method = (
  texts: ClusterTexts,
  options: GroupingOptions,
  context: Context,
) => Promise<Omit<Grouped, "method">>;

/** Adding one: a line here. */
export const methods = { "k-means": byCenters, density: byDensity } as const satisfies Record<
  string,
  Method
>;

export type MethodName = keyof typeof methods;

export async function group(
  texts: ClusterTexts,
  options: GroupingOptions,
  context: Context,
): Promise<Grouped> {
  const { method } = options;
  return { method, ...(await methods[method](texts, options, context)) };
}

/** Texts beyond which whole rounds take longer than a person waits. */
const MANY = 200_000;

async function byCenters(
  { vectors, dims, texts }: ClusterTexts,
  { k, restarts, seed, batchRows = texts.length > MANY ? 4096 : undefined }: GroupingOptions,
  { report, signal, now }: Context,
) {
  const settings = { restarts, seed, signal, ...(batchRows !== undefined && { batchRows }) };
  const task = {
    task: "clustering",
    unit: k === undefined ? "numbers of groups" : "runs",
  } as const;
  let advance: ((done: number) => void) | undefined;
  const onProgress = (done: number, total: number) => {
    advance ??= trackTask(report, { ...task, total }, now);
    advance(done);
  };
  if (k !== undefined) {
    const { labels, scores } = await kMeans(vectors, dims, { ...settings, k, onProgress });
    return { labels, scores };
  }
  const { found, tried } = await chooseK(vectors, dims, { ...settings, onProgress });
  return { labels: found.labels, scores: found.scores, tried };
}

async function byDensity(
  { vectors, dims }: ClusterTexts,
  { minSize, minSamples }: GroupingOptions,
  { signal, report, now }: Context,
) {
  const total = vectors.length / dims;
  const advance = trackTask(report, { task: "looking for neighbours", unit: "texts", total }, now);
  const onProgress = (done: number) => advance(done);
  const settings = { minSize, signal, onProgress, ...(minSamples !== undefined && { minSamples }) };
  const { labels, strengths } = await densityGroups(vectors, dims, settings);
  return { labels, scores: strengths };
}
