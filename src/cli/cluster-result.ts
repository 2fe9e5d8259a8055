/** What is said of groups, and what is left of them on disk. */
import type { ClusterSummary } from "../apps/cluster/index.ts";
import { writeDurably } from "../durable.ts";
import { numberLabels, sampleRows, silhouette, vMeasure } from "../evaluate/index.ts";
import type { ClusterTexts } from "./cluster-texts.ts";
import type { Grouped } from "./cluster-work.ts";
import type { Outcome } from "./command.ts";
import { oneLine, table } from "./table.ts";

/** Groups, and what each is about. */
export interface Described extends Grouped {
  readonly clusters: readonly ClusterSummary[];
}

interface Written {
  readonly out: string;
  readonly map: string | undefined;
  readonly seed: number;
}

/** A line for each text: `{"id", "cluster", "score"}`. @throws io */
export async function writeAssignments(
  path: string,
  { ids }: ClusterTexts,
  { labels, scores }: Grouped,
): Promise<void> {
  const lines = ids.map((id, row) => {
    const score = Number(scores[row].toFixed(4));
    return `${JSON.stringify({ id, cluster: labels[row], score })}\n`;
  });
  await writeDurably(path, lines.join(""));
}

/** Rows of the table that a person reads. */
const SHOWN = 30;

export function clusterOutcome(
  texts: ClusterTexts,
  { labels, method, tried, clusters }: Described,
  { out, map, seed }: Written,
): Outcome {
  const real = clusters.filter(({ cluster }) => cluster >= 0);
  const noise = texts.ids.length - real.reduce((sum, { size }) => sum + size, 0);
  const mean = real.length > 1 ? silhouetteOf(texts, labels, seed) : undefined;
  const agreement = texts.classes && vMeasure(numberLabels(texts.classes), labels);
  return {
    json: {
      ...{ out, ...(map !== undefined && { map }), method, texts: texts.ids.length },
      ...{ skipped: texts.skipped, noise, groups: real.length },
      ...(mean !== undefined && { silhouette: mean }),
      ...(agreement && { agreement }),
      ...(tried && { tried }),
      clusters: clusters.map(({ examples, ...rest }) => ({
        ...rest,
        examples: examples.map((row) => ({ id: texts.ids[row], text: texts.texts[row] })),
      })),
    },
    text: [
      `${out} holds ${texts.ids.length} texts in ${real.length} groups${noise > 0 ? `; ${noise} texts are in none` : ""}`,
      ...(tried
        ? [
            `The number of groups is that of the largest silhouette of ${tried.length}: ${tried.map(({ k }) => k).join(", ")}`,
          ]
        : []),
      ...(mean === undefined ? [] : [`Mean silhouette ${mean.toFixed(3)}`]),
      ...(agreement
        ? [
            `With the known classes: V-measure ${agreement.vMeasure.toFixed(4)} (homogeneity ${agreement.homogeneity.toFixed(4)}, completeness ${agreement.completeness.toFixed(4)})`,
          ]
        : []),
      table(
        ["texts", "terms", "nearest to its middle"],
        real.slice(0, SHOWN).map((one) => rowOf(one, texts)),
      ),
      ...(real.length > SHOWN ? [`and ${real.length - SHOWN} more: --json has them all`] : []),
      ...(map === undefined ? [] : [`Open ${map} in a browser`]),
    ].join("\n"),
  };
}

/** Texts whose silhouette is taken: the mean of more differs by some thousandths. */
const SILHOUETTES = 20_000;

function silhouetteOf({ vectors, dims, ids }: ClusterTexts, labels: Int32Array, seed: number) {
  return silhouette(vectors, dims, labels, { rows: sampleRows(ids.length, SILHOUETTES, seed) });
}

function rowOf({ size, terms, examples }: ClusterSummary, { texts }: ClusterTexts) {
  return [String(size), oneLine(terms.join(", "), 60), oneLine(texts[examples[0]], 60)];
}
