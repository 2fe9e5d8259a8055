/** The figures behind the charts, and those that need no chart. */
import { type CurvePoint, smooth, spread } from "./curve.ts";
import type { ReportData, ReportQuality } from "./data.ts";
import {
  formatCount,
  formatInterval,
  formatLoss,
  formatP,
  formatScore,
  formatShare,
} from "./format.ts";
import { type Html, html } from "./html.ts";
import { bestOf } from "./line-charts.ts";
import { table } from "./table.ts";

/** Model above BM25 in each cell. */
export function qualityTable(groups: readonly ReportQuality[]): Html {
  return table(
    `${formatShare(0.95)} intervals, recall, and p of the paired test`,
    [
      { name: "Queries" },
      { name: "" },
      { name: "nDCG@10", kind: "number" },
      { name: "Recall@10", kind: "number" },
    ],
    groups.map(({ name, queries, model, bm25, p }) => [
      html`${name}<br><span class="count">${formatCount(queries)}${p !== undefined && `, ${formatP(p)}`}</span>`,
      both("Model", bm25 && "BM25"),
      both(formatInterval(model.ndcg10), bm25 && formatInterval(bm25.ndcg10)),
      both(formatScore(model.recall10), bm25 && formatScore(bm25.recall10)),
    ]),
  );
}

function both(model: string, bm25: string | undefined): Html {
  return html`<span class="model">${model}</span>${bm25 && html`<br><span class="bm25">${bm25}</span>`}`;
}

export function dimensionsTable(list: NonNullable<ReportData["dimensions"]>): Html {
  const ordered = list.toSorted((a, b) => b.dimensions - a.dimensions);
  const full = ordered[0].ndcg10.mean;
  return table(
    "Quality kept and bytes of a vector of float32",
    [
      { name: "Dimensions", kind: "number" },
      { name: "nDCG@10", kind: "number" },
      { name: "Interval", kind: "number" },
      { name: "Kept", kind: "number" },
      { name: "Bytes", kind: "number" },
    ],
    ordered.map(({ dimensions, ndcg10 }) => [
      formatCount(dimensions),
      formatScore(ndcg10.mean),
      formatInterval(ndcg10),
      formatShare(ndcg10.mean / full),
      formatCount(dimensions * Float32Array.BYTES_PER_ELEMENT),
    ]),
  );
}

const LISTED = 12;

export function lossTable(steps: NonNullable<ReportData["loss"]>): Html {
  const raw = steps.map(({ step, loss }) => ({ x: step, y: loss }));
  return curveTable("Training loss, smoothed", "Loss", smooth(raw), formatLoss);
}

export function evaluationTable(
  measure: string,
  points: NonNullable<ReportData["evaluations"]>["points"],
): Html {
  const series = points.map(({ step, score }) => ({ x: step, y: score }));
  const best = bestOf(series);
  return curveTable(
    `${measure}; best at step ${formatCount(best.x)}`,
    "Score",
    series,
    formatScore,
  );
}

function curveTable(
  caption: string,
  name: string,
  points: readonly CurvePoint[],
  format: (value: number) => string,
): Html {
  return table(
    caption,
    [
      { name: "Step", kind: "number" },
      { name, kind: "number" },
    ],
    spread(points, LISTED).map(({ x, y }) => [formatCount(x), format(y)]),
  );
}

export function splitTable(splits: NonNullable<ReportData["data"]>["splits"]): Html {
  const largest = Math.max(1, ...splits.map(({ count }) => count));
  return table(
    "Splits",
    [{ name: "Split" }, { name: "Count", kind: "number" }, { name: "" }, { name: "Used for" }],
    splits.map(({ name, count, note }) => [
      name,
      formatCount(count),
      html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="${Math.round((1000 * count) / largest) / 10}" height="6"/></svg>`,
      note,
    ]),
  );
}
