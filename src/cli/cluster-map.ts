/** The map of a grouping. */
import { basename, extname } from "node:path";
import { describeClusters, layOut } from "../apps/cluster/index.ts";
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/index.ts";
import type { ClusterTexts } from "./cluster-texts.ts";
import type { Grouped } from "./cluster-work.ts";
import type { Context } from "./command.ts";
import { requireWritable } from "./output.ts";
import { trackTask } from "./progress.ts";
import { writeMap } from "./report/index.ts";

/** @throws bad-argument, io */
export async function requireMap(path: string): Promise<void> {
  if (extname(path).toLowerCase() !== ".html") {
    const wanted = ".html";
    throw new NearfoldError("bad-argument", "not a kind of file for a map", { at: path, wanted });
  }
  await requireWritable(path);
}

/** Points that a browser draws without a halt. */
const MOST_POINTS = 20_000;

/** @throws as `layOut`; io */
export async function writeClusterMap(
  out: string,
  { ids, texts, vectors, dims }: ClusterTexts,
  { labels, method }: Grouped,
  { path, seed }: { readonly path: string; readonly seed: number },
  { report, signal, now }: Context,
): Promise<void> {
  const rows = shuffle(Int32Array.from(ids.keys()), sequence(seed, 3)).slice(0, MOST_POINTS).sort();
  const own = new Float32Array(rows.length * dims);
  rows.forEach((row, i) => {
    own.set(vectors.subarray(row * dims, (row + 1) * dims), i * dims);
  });
  let advance: ((done: number) => void) | undefined;
  const points = await layOut(own, dims, {
    ...{ seed, signal },
    onProgress: (done, total) => {
      advance ??= trackTask(report, { task: "drawing the map", unit: "rounds", total }, now);
      advance(done);
    },
  });
  const clusters = describeClusters(texts, vectors, dims, labels, { terms: 4 });
  const groups = clusters.filter(({ cluster }) => cluster >= 0).length;
  const how =
    method === "k-means"
      ? "around centers (spherical k-means)"
      : "where they lie densely (HDBSCAN)";
  await writeMap(out, {
    title: basename(path) || path,
    description: `${ids.length} texts in ${groups} groups, ${how}.`,
    points: Array.from(rows, (row, i) => ({
      ...{ x: points[2 * i], y: points[2 * i + 1], cluster: labels[row] },
      ...{ id: ids[row], text: texts[row] },
    })),
    clusters,
    leftOut: ids.length - rows.length,
  });
}
