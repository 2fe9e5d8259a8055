/** Charts of what changed: the loss and the development score over steps, quality over dimensions. */
import { scaleLinear, scaleLog } from "d3-scale";
import { area, line } from "d3-shape";
import type { Interval } from "../../evaluate/index.ts";
import { at, columns, dot, drawing, label, type Plot, path, rows, type Scale } from "./chart.ts";
import { type CurvePoint, smooth, thin } from "./curve.ts";
import type { ReportDimensions, ReportEvaluations, ReportLoss } from "./data.ts";
import { formatCount, formatLoss, formatScore } from "./format.ts";
import { type Html, html } from "./html.ts";

const HEIGHT = 270;
const PLOT: Plot = { left: 44, right: 424, top: 22, bottom: 222 };
/** More points than the plot has units can't be told apart. */
const POINTS = 600;

/** The smoothed loss over the faint measured one. Wants two points or more. */
export function lossChart(loss: readonly ReportLoss[]): Html {
  const raw = loss.map(({ step, loss }) => ({ x: step, y: loss }));
  const smoothed = smooth(raw);
  const [first, last] = [smoothed[0], smoothed[smoothed.length - 1]];
  const x = stepScale(raw);
  const y = scoreScale(raw.map((point) => point.y));
  const draw = curve(x, y);
  const description = `Smoothed, it goes from ${formatLoss(first.y)} at step ${formatCount(first.x)} to ${formatLoss(last.y)} at step ${formatCount(last.x)}.`;
  return drawing(
    { id: "loss", title: "Training loss by step", description },
    HEIGHT,
    html`${rows(y, PLOT, 5)}${stepColumns(x)}
${path(draw(thin(raw, POINTS)), "line faint")}${path(draw(thin(smoothed, POINTS)), "line model")}
${dot(x(last.x), y(last.y), "model")}${label({ x: x(last.x), y: y(last.y) - 12, anchor: "end", kind: "model strong" }, formatLoss(last.y))}`,
  );
}

/** The score on the development set, its best one named. Wants two points or more. */
export function evaluationChart({ measure, points }: ReportEvaluations): Html {
  const series = points.map(({ step, score }) => ({ x: step, y: score }));
  const best = bestOf(series);
  const x = stepScale(series);
  const y = scoreScale(series.map((point) => point.y));
  const place = x(best.x);
  const anchor = place > PLOT.right - 60 ? "end" : place < PLOT.left + 60 ? "start" : "middle";
  return drawing(
    {
      id: "evaluations",
      title: `${measure} by step`,
      description: `The best of ${formatCount(series.length)} evaluations is ${formatScore(best.y)}, at step ${formatCount(best.x)}.`,
    },
    HEIGHT,
    html`${rows(y, PLOT, 5)}${stepColumns(x)}
${path(curve(x, y)(thin(series, POINTS)), "line model")}
${dot(place, y(best.y), "model")}${label({ x: place, y: y(best.y) - 12, anchor, kind: "model strong" }, `best ${formatScore(best.y)}`)}`,
  );
}

/** The highest, the first of equals. */
export function bestOf(points: readonly CurvePoint[]): CurvePoint {
  return points.reduce((best, point) => (point.y > best.y ? point : best));
}

/** Quality with its interval over dimensions on a logarithmic axis, from 0; BM25 is a line across. Wants two or more. */
export function dimensionsChart(list: readonly ReportDimensions[], bm25?: Interval): Html {
  const points = list.toSorted((a, b) => a.dimensions - b.dimensions);
  const [first, last] = [points[0], points[points.length - 1]];
  const x = scaleLog([first.dimensions, last.dimensions], [PLOT.left + 28, PLOT.right - 20]);
  const highest = Math.max(...points.map(({ ndcg10 }) => ndcg10.high), bm25?.high ?? 0);
  const y = scaleLinear([0, highest], [PLOT.bottom, PLOT.top]).nice(5);
  const band = area<ReportDimensions>(
    (p) => x(p.dimensions),
    (p) => y(p.ndcg10.low),
    (p) => y(p.ndcg10.high),
  ).digits(1);
  const means = points.map(({ dimensions, ndcg10 }) => ({ x: dimensions, y: ndcg10.mean }));
  return drawing(
    {
      id: "dimensions",
      title: "nDCG@10 by dimensions kept",
      description: `From ${formatScore(first.ndcg10.mean)} with ${first.dimensions} dimensions to ${formatScore(last.ndcg10.mean)} with ${last.dimensions}.`,
    },
    HEIGHT,
    html`${rows(y, PLOT, 5)}${columns(
      x,
      PLOT,
      means.map((p) => p.x),
      "dimensions",
      String,
    )}
${bm25 && across(y(bm25.mean), `BM25 ${formatScore(bm25.mean)}`)}
${path(band(points), "band")}${path(curve(x, y)(means), "line model")}
${means.map((p) => [
  dot(x(p.x), y(p.y), "model"),
  label({ x: x(p.x), y: y(p.y) - 14, anchor: "middle", kind: "model strong" }, formatScore(p.y)),
])}`,
  );
}

function across(y: number, text: string): Html {
  return html`<line class="line bm25" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y)}" y2="${at(y)}"/>
${label({ x: PLOT.right, y: y + 18, anchor: "end", kind: "bm25 strong" }, text)}`;
}

function curve(x: Scale, y: Scale) {
  return line<CurvePoint>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(1);
}

function stepScale(points: readonly CurvePoint[]): Scale {
  return scaleLinear([0, points[points.length - 1].x], [PLOT.left, PLOT.right - 8]);
}

function stepColumns(x: Scale): Html {
  return columns(x, PLOT, x.ticks(4), "steps", formatCount);
}

/** To round values around the data, not from 0: what counts is the course. */
function scoreScale(values: readonly number[]): Scale {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return scaleLinear([low, high], [PLOT.bottom, PLOT.top]).nice(5);
}
