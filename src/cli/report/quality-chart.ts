/** nDCG@10 of the model and of BM25 with their intervals, for each group of queries. */
import { scaleLinear } from "d3-scale";
import { at, columns, dot, drawing, label, type Plot, type Scale, WIDTH } from "./chart.ts";
import type { ReportQuality, ReportScores } from "./data.ts";
import { formatScore, shorten } from "./format.ts";
import { type Html, html } from "./html.ts";

const ROW = 26;
const HEADING = 30;
const GAP = 16;

/** Dots with whiskers, one row a system, from 0. */
export function qualityChart(groups: readonly ReportQuality[]): Html {
  const heights = groups.map(({ bm25 }) => HEADING + ROW * (bm25 ? 2 : 1) + GAP);
  const bottom = heights.reduce((a, b) => a + b, 0);
  const plot: Plot = { left: 10, right: WIDTH - 116, top: 0, bottom };
  const highest = Math.max(
    ...groups.flatMap(({ model, bm25 }) => [model.ndcg10.high, bm25?.ndcg10.high ?? 0]),
  );
  const x = scaleLinear([0, highest], [plot.left, plot.right]).nice(5);
  const ticks = x.ticks(5);
  let top = 0;
  const drawn = groups.map((group, i) => {
    const part = groupRows(group, x, top);
    top += heights[i];
    return part;
  });
  return drawing(
    {
      id: "quality",
      title: "nDCG@10 with 95 % intervals",
      description: groups.map(inWords).join(" "),
    },
    bottom + 44,
    html`${ticks.map(
      (value) =>
        html`<line class="grid" x1="${at(x(value))}" x2="${at(x(value))}" y1="${HEADING - 6}" y2="${bottom}"/>`,
    )}${columns(x, plot, ticks, "nDCG@10", x.tickFormat(5))}${drawn}`,
  );
}

function groupRows({ name, model, bm25 }: ReportQuality, x: Scale, top: number): Html {
  const y = top + HEADING + ROW / 2;
  return html`${label({ x: 0, y: top + 18, kind: "group halo" }, shorten(name, 44))}
${whisker(model, "model", x, y)}${bm25 && whisker(bm25, "bm25", x, y + ROW)}`;
}

function whisker({ ndcg10 }: ReportScores, kind: "model" | "bm25", x: Scale, y: number): Html {
  const [low, high] = [x(ndcg10.low), x(ndcg10.high)];
  const name = kind === "model" ? "Model" : "BM25";
  return html`<path class="whisker ${kind}" d="M${at(low)},${y}H${at(high)}M${at(low)},${y - 5}V${y + 5}M${at(high)},${y - 5}V${y + 5}"/>
${dot(x(ndcg10.mean), y, kind)}${label({ x: high + 10, y: y + 4.5, kind: `${kind} strong halo` }, `${name} ${formatScore(ndcg10.mean)}`)}`;
}

function inWords({ name, model, bm25 }: ReportQuality): string {
  const theirs = bm25 ? `, BM25 ${formatScore(bm25.ndcg10.mean)}` : "";
  return `${name}: model ${formatScore(model.ndcg10.mean)}${theirs}.`;
}
