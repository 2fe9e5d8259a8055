/** The parts of the page, each made from one field of its data and left out where that says nothing. */
import type { Interval } from "../../evaluate/index.ts";
import type { ReportData } from "./data.ts";
import { example } from "./examples.ts";
import { formatShare } from "./format.ts";
import { Html, html } from "./html.ts";
import { dimensionsChart, evaluationChart, lossChart } from "./line-charts.ts";
import { qualityChart } from "./quality-chart.ts";
import { figure } from "./table.ts";
import { dimensionsTable, evaluationTable, lossTable, qualityTable, splitTable } from "./tables.ts";

type Section = (data: ReportData) => Html | undefined | false;

/** In the order in which a reader asks: how good, what does it look like, how small can it be, how was it made. */
export const sections: readonly Section[] = [
  ({ quality }) =>
    has(quality) &&
    section(
      "Quality",
      `The dot is the mean over the queries, the whisker its ${formatShare(0.95)} confidence interval.`,
      html`<div class="pair">${figure("nDCG@10, model and BM25", qualityChart(quality))}${qualityTable(quality)}</div>`,
    ),

  ({ examples }) =>
    has(examples) &&
    section(
      "Examples",
      "The same query put to both. A tick marks the right answer.",
      html`${examples.map(example)}`,
    ),

  ({ dimensions = [], quality }) => {
    const list = dimensions.filter((d) => d.dimensions > 0 && isKnown(d.ndcg10));
    if (list.length < 2) return;
    const chart = dimensionsChart(list, quality?.[0]?.bm25?.ndcg10);
    return section(
      "Shorter vectors",
      "The first dimensions of a vector are a smaller vector (Matryoshka): less to store and to compare, for some quality.",
      html`<div class="pair">${figure("nDCG@10 by dimensions kept", chart)}${dimensionsTable(list)}</div>`,
    );
  },

  ({ loss = [], evaluations }) => {
    const steps = loss.filter((point) => Number.isFinite(point.loss));
    const points = evaluations?.points.filter(({ score }) => Number.isFinite(score)) ?? [];
    const figures = [
      steps.length > 1 &&
        figure("Training loss, each batch and smoothed", lossChart(steps), lossTable(steps)),
      evaluations &&
        points.length > 1 &&
        figure(
          evaluations.measure,
          evaluationChart({ ...evaluations, points }),
          evaluationTable(evaluations.measure, points),
        ),
    ].filter((made) => made instanceof Html);
    if (!has(figures)) return;
    return section("Training", undefined, html`<div class="pair">${figures}</div>`);
  },

  ({ data }) => data && section("Data", data.description, splitTable(data.splits)),

  ({ settings = {} }) => {
    const entries = Object.entries(settings);
    if (!has(entries)) return;
    const rows = entries.map(
      ([name, value]) => html`<div><dt>${name}</dt><dd>${settingValue(value)}</dd></div>`,
    );
    return section("Settings", undefined, html`<dl class="settings">${rows}</dl>`);
  },
];

function section(title: string, lead: string | undefined, body: Html): Html {
  return html`
<section>
<h2>${title}</h2>
${lead && html`<p class="lead">${lead}</p>`}
${body}
</section>`;
}

function settingValue(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

function has<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}

function isKnown({ mean, low, high }: Interval): boolean {
  return [mean, low, high].every(Number.isFinite);
}
