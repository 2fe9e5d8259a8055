/** Latency over load, as a drawing that stands alone. */
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import type { LoadResult } from "../serve/index.ts";

const SIZE = { width: 640, height: 360 };
const PLOT = { left: 64, right: 560, top: 36, bottom: 310 };

const series = [
  { name: "p50", colour: "#1b6ca8" },
  { name: "p95", colour: "#c77700" },
  { name: "p99", colour: "#a8321b" },
] as const;

/**
 * Percentiles in milliseconds, on a logarithmic axis, over queries a second; over clients, where there were no loads but of such. Of loads without an answer
 * nothing is drawn.
 */
export function loadChart(results: readonly LoadResult[]): string {
  const isOpen = results.some((result) => "perSecond" in result);
  const placed = results.flatMap((result) => {
    const place = "perSecond" in result ? result.perSecond : isOpen ? undefined : result.clients;
    return place === undefined ? [] : [{ place, latencies: result.latencies }];
  });
  const shown = placed
    .filter(({ latencies }) => latencies.count > 0)
    .toSorted((a, b) => a.place - b.place);
  const all = shown.flatMap(({ latencies: { p50, p99 } }) => [p50, p99]);
  const most = Math.max(1, ...placed.map(({ place }) => place));
  const x = scaleLinear([0, most], [PLOT.left, PLOT.right]);
  const [low, high] = [Math.min(1, ...all), Math.max(10, ...all)];
  const y = scaleLog([low, high], [PLOT.bottom, PLOT.top]).nice();
  const body = [
    ...y
      .ticks()
      .filter(isRound)
      .map((tick) => row(y(tick), `${tick}`)),
    ...x.ticks(6).map((tick) => text(x(tick), PLOT.bottom + 20, `${tick}`, "middle")),
    text(
      (PLOT.left + PLOT.right) / 2,
      PLOT.bottom + 42,
      isOpen ? "queries a second" : "clients",
      "middle",
    ),
    text(PLOT.left, PLOT.top - 14, "milliseconds", "start"),
  ];
  for (const { name, colour } of series) {
    const points = shown.map(({ place, latencies }) => [x(place), y(latencies[name])]);
    const path = line().digits(1)(points as [number, number][]);
    if (!path) continue;
    const [endX, endY] = points[points.length - 1];
    body.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    body.push(text(endX + 8, endY + 4, name, "start", colour));
    for (const [cx, cy] of points) {
      body.push(`<circle cx="${at(cx)}" cy="${at(cy)}" r="3" fill="${colour}"/>`);
    }
  }
  const { width, height } = SIZE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    "<title>Latency over load</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

/** 1, 2 and 5 of each decade. */
const isRound = (tick: number) => /^0*\.?0*[125]0*$/.test(`${tick}`);

const at = (value: number) => value.toFixed(1);

function text(x: number, y: number, words: string, anchor: string, colour = "#444"): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${colour}">${words}</text>`;
}

function row(y: number, label: string): string {
  const { left, right } = PLOT;
  const mark = `<line x1="${left}" x2="${right}" y1="${at(y)}" y2="${at(y)}" stroke="#ddd"/>`;
  return `${mark}\n${text(left - 8, y + 4, label, "end")}`;
}
