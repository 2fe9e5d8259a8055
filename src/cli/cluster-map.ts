/** The map of a grouping. */
import { basename, extname } from "node:path";
import { layOut } from "../apps/cluster/index.ts";
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/index.ts";
import { takeRows } from "../tensor/rows.ts";
import type { Described } from "./cluster-result.ts";
import type { ClusterTexts } from "./cluster-texts.ts";
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

/** Beside the name of a group. */
const MOST_TERMS = 4;

/** @throws as `layOut`; io */
export async function writeClusterMap(
  out: string,
  { ids, texts, vectors, dims }: ClusterTexts,
  { labels, method, clusters }: Described,
  { path, seed }: { readonly path: string; readonly seed: number },
  { report, signal, now }: Context,
): Promise<void> {
  const rows = shuffle(Int32Array.from(ids.keys()), sequence(seed, 3)).slice(0, MOST_POINTS).sort();
  const own = takeRows(vectors, dims, rows);
  let advance: ((done: number) => void) | undefined;
  const points = await layOut(own, dims, {
    ...{ seed, signal },
    onProgress: (done, total) => {
      advance ??= trackTask(report, { task: "drawing the map", unit: "rounds", total }, now);
      advance(done);
    },
  });
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
    clusters: clusters.map((one) => ({ ...one, terms: one.terms.slice(0, MOST_TERMS) })),
    leftOut: ids.length - rows.length,
  });
}
