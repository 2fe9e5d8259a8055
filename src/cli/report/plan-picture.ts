/** The front of a plan as a picture: what is kept of the quality over what a query and what a vector cost. */
import { scaleLinear, scaleLog } from "d3-scale";
import { describeCandidate } from "../../plan/index.ts";
import type { PlanMeasured } from "../plan-measure.ts";
import type { PlanResult } from "../plan-result.ts";
import { at, label, type Plot, type Scale } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { placeLabels } from "./plan-labels.ts";
import { coloursOf, planStyle } from "./plan-style.ts";

const PICTURE = { width: 940, height: 470 } as const;

const TOP = 84;
const BOTTOM = 404;
/** Far below what is required nobody looks. */
const DEPTH = 0.2;
/** A student that is better than its teacher by more is drawn nowhere: the teacher is no measure. */
const MOST = 1.3;

interface Panel {
  readonly plot: Plot;
  readonly x: Scale;
  readonly figure: "queryP95Ms" | "bytesPerVector";
  readonly name: string;
  readonly limit: number | undefined;
  readonly unit: string;
}

/** The drawing alone; without figures there is none. `standalone` brings its own colours, for a file of its own. */
export function planPicture(result: PlanResult, { standalone = false } = {}): Html {
  const { measured, front, chosen, requirements } = result;
  const y = qualityScale(result);
  const panels = panelsOf(result);
  const colours = coloursOf(measured.map(({ candidate }) => candidate.backbone.body.name));
  const colour = (one: PlanMeasured) => colours.get(one.candidate.backbone.body.name)!;
  const [lowest, highest] = y.domain();
  const seen = measured.filter(({ kept }) => kept >= lowest && kept <= highest);
  const unseen = measured.length - seen.length;
  // Candidates of one model are as fast as each other: of those above each other one shows its interval.
  const tops = topsOf(seen.filter((one) => front.includes(one)));
  const drawn = panels.map((panel) => {
    const isSure = (one: PlanMeasured) => panel.figure === "bytesPerVector" || tops.has(one);
    const place = { panel, y, colour, isFront: (one: PlanMeasured) => front.includes(one), isSure };
    const rest = seen.filter((one) => !front.includes(one));
    const best = seen.filter((one) => front.includes(one) && one !== chosen);
    return html`${frame(panel, y, requirements.keepQuality)}
${panel.figure === "bytesPerVector" && curves(best.concat(chosen ?? []), place)}
${rest.map((one) => mark(one, place))}${best.map((one) => mark(one, place))}
${chosen && html`${ring(chosen, place)}${mark(chosen, place)}`}`;
  });
  const size = standalone ? html` width="${PICTURE.width}" height="${PICTURE.height}"` : html``;
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="plan" viewBox="0 0 ${PICTURE.width} ${PICTURE.height}"${size} role="img" aria-labelledby="plan-title plan-description">
<title id="plan-title">Quality kept over what a query and what a vector cost</title>
<desc id="plan-description">${inWords(result)}</desc>
${standalone && html`<style>${planStyle.standalone}</style><rect class="ground" width="100%" height="100%"/>`}
${label({ x: 16, y: 28, kind: "plan-axis strong" }, "Quality kept, of the given model's")}
${legend(unseen, y)}
${drawn}
${placeLabels(seen, front, chosen, { panel: panels[0], y, colour })}
</svg>`;
}

/** What is kept, from a little below what is required up to a little above what was found. */
function qualityScale({ measured, requirements }: PlanResult): Scale {
  const kept = measured.map((one) => one.kept);
  const least = Math.min(...kept);
  const wanted = requirements.keepQuality ?? 1;
  const low = Math.max(least - 0.01, wanted - DEPTH);
  const high = Math.max(1.02, Math.min(MOST, Math.max(...kept) + 0.015));
  return scaleLinear([Math.min(low, wanted - 0.03), high], [BOTTOM, TOP]);
}

function panelsOf({ measured, requirements }: PlanResult): readonly Panel[] {
  const make = (
    figure: Panel["figure"],
    [left, right]: readonly [number, number],
    rest: Pick<Panel, "name" | "limit" | "unit">,
  ): Panel => {
    const values = measured.map((one) => one[figure]).concat(rest.limit ?? []);
    const [low, high] = [Math.min(...values) / 1.35, Math.max(...values) * 1.35];
    const plot = { left, right, top: TOP, bottom: BOTTOM };
    return { plot, figure, ...rest, x: scaleLog([low, high], [left, right]) };
  };
  return [
    make("queryP95Ms", [56, 470], {
      name: "Query, 95th percentile, ms",
      limit: requirements.queryP95Ms,
      unit: "ms",
    }),
    make("bytesPerVector", [520, 920], {
      name: "Vector, bytes",
      limit: requirements.bytesPerVector,
      unit: "bytes",
    }),
  ];
}

/** Axes, grid, and what is required. */
function frame(
  { plot, x, name, limit, unit, figure }: Panel,
  y: Scale,
  keep: number | undefined,
): Html {
  const { left, right, top, bottom } = plot;
  const edge = limit === undefined ? right : x(limit);
  const floor = keep === undefined ? bottom : y(keep);
  const required = limit !== undefined || keep !== undefined;
  // Few are both fast and poor: there is room.
  const isFirst = figure === "queryP95Ms";
  return html`${required && html`<rect class="plan-meets" x="${at(left)}" y="${at(top)}" width="${at(edge - left)}" height="${at(floor - top)}"/>`}
${y.ticks(6).map(
  (
    value,
  ) => html`<line class="plan-grid" x1="${left}" x2="${right}" y1="${at(y(value))}" y2="${at(y(value))}"/>
${label({ x: left - 8, y: y(value) + 4, anchor: "end", kind: "plan-tick" }, value.toFixed(2))}`,
)}
<line class="plan-line" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
${ticksOf(x).map(
  (
    value,
  ) => html`<line class="plan-line" x1="${at(x(value))}" x2="${at(x(value))}" y1="${bottom}" y2="${bottom + 5}"/>
${label({ x: x(value), y: bottom + 20, anchor: "middle", kind: "plan-tick" }, String(value))}`,
)}
${label({ x: (left + right) / 2, y: bottom + 44, anchor: "middle", kind: "plan-axis" }, name)}
${
  limit !== undefined &&
  html`<line class="plan-limit" x1="${at(edge)}" x2="${at(edge)}" y1="${top - 8}" y2="${bottom}"/>
${label({ x: edge, y: top - 14, anchor: edge > right - 50 ? "end" : "middle", kind: "plan-required" }, `at most ${limit} ${unit}`)}`
}
${
  keep !== undefined &&
  html`<line class="plan-limit" x1="${left}" x2="${right}" y1="${at(floor)}" y2="${at(floor)}"/>
${label({ x: isFirst ? left + 6 : right, y: floor > bottom - 24 ? floor - 7 : floor + 16, anchor: isFirst ? "start" : "end", kind: "plan-required halo" }, `at least ${keep}`)}`
}`;
}

/** 1, 2, 5, 10, 20, 50, …, those inside the axis. */
function ticksOf(x: Scale): readonly number[] {
  const [low, high] = x.domain();
  const decades = Array.from({ length: 10 }, (_, i) => 10 ** (i - 3));
  return decades
    .flatMap((decade) => [1, 2, 5].map((step) => Number((step * decade).toPrecision(1))))
    .filter((value) => value >= low && value <= high);
}

interface Place {
  readonly panel: Panel;
  readonly y: Scale;
  readonly colour: (one: PlanMeasured) => string;
  readonly isFront: (one: PlanMeasured) => boolean;
  /** Whether its interval is drawn. */
  readonly isSure: (one: PlanMeasured) => boolean;
}

/** A dot with its figures to point at; the front with its interval. */
function mark(one: PlanMeasured, { panel, y, colour, isFront, isSure }: Place): Html {
  const [cx, cy] = [panel.x(one[panel.figure]), y(one.kept)];
  const isFloat = one.candidate.backbone.weights.name === "float32";
  const front = isFront(one);
  const { low, high } = one.quality.kept;
  const [floor, roof] = y.domain();
  const whisker =
    front &&
    isSure(one) &&
    html`<path class="plan-whisker" d="M${at(cx)},${at(y(Math.max(low, floor)))}V${at(y(Math.min(high, roof)))}"/>`;
  return html`<g class="plan-mark ${front ? "front" : "beaten"} ${colour(one)} ${isFloat ? "float" : "codes"}"><title>${describeMark(one)}</title>${whisker}<circle cx="${at(cx)}" cy="${at(cy)}" r="${front ? 4.5 : 3}"/></g>`;
}

function ring(one: PlanMeasured, { panel, y, colour }: Place): Html {
  const [cx, cy] = [panel.x(one[panel.figure]), y(one.kept)];
  return html`<circle class="plan-ring ${colour(one)}" cx="${at(cx)}" cy="${at(cy)}" r="10"/>`;
}

/** The best candidate of each model. */
function topsOf(all: readonly PlanMeasured[]): ReadonlySet<PlanMeasured> {
  const byModel = Map.groupBy(all, ({ candidate }) => candidate.backbone.name);
  const best = [...byModel.values()].map((own) => own.reduce((a, b) => (b.kept > a.kept ? b : a)));
  return new Set(best);
}

/** What each model keeps at most with so many bytes a vector, joined. */
function curves(front: readonly PlanMeasured[], { panel, y, colour }: Place): Html {
  const byModel = Map.groupBy(front, ({ candidate }) => candidate.backbone.name);
  const lines = [...byModel.values()].map((points) => {
    const rising: PlanMeasured[] = [];
    for (const one of points.toSorted((a, b) => a.bytesPerVector - b.bytesPerVector)) {
      if (one.kept > (rising.at(-1)?.kept ?? 0)) rising.push(one);
    }
    const d = rising.map((one) => `${at(panel.x(one.bytesPerVector))},${at(y(one.kept))}`);
    return (
      rising.length > 1 && html`<path class="plan-curve ${colour(points[0])}" d="M${d.join("L")}"/>`
    );
  });
  return html`${lines}`;
}

function describeMark(one: PlanMeasured): string {
  const { candidate, quality, kept, bytesPerVector, queryP50Ms, queryP95Ms, memoryMb } = one;
  return [
    describeCandidate(candidate),
    `keeps ${kept.toFixed(3)} (${quality.kept.low.toFixed(3)} to ${quality.kept.high.toFixed(3)})`,
    `${bytesPerVector} bytes a vector`,
    `a query ${queryP50Ms.toFixed(2)} ms, p95 ${queryP95Ms.toFixed(2)} ms`,
    `${memoryMb.toFixed(0)} MB, ${one.documentsPerSecond.toPrecision(3)} documents/s`,
  ].join("\n");
}

function legend(unseen: number, y: Scale): Html {
  const parts = [
    { x: 530, kind: "float", text: "float32 weights" },
    { x: 654, kind: "codes", text: "integer weights" },
    { x: 776, kind: "beaten codes", text: "beaten by another" },
  ];
  const [low, high] = y.domain().map((value) => value.toFixed(2));
  const out = unseen > 0 ? `${unseen} beyond ${low} to ${high} are not drawn` : "";
  return html`${parts.map(
    ({ x, kind, text }) =>
      html`<g class="plan-mark plan-key ${kind}"><circle cx="${x}" cy="24" r="4.5"/></g>${label({ x: x + 11, y: 28, kind: "plan-tick" }, text)}`,
  )}${label({ x: 16, y: 46, kind: "plan-tick" }, out)}`;
}

function inWords({ measured, front, chosen }: PlanResult): string {
  const all = `${measured.length} candidates, ${front.length} that no other beats.`;
  if (!chosen) return `${all} None meets all that is required.`;
  return `${all} Chosen: ${describeCandidate(chosen.candidate)}, which keeps ${chosen.kept.toFixed(3)} at ${chosen.queryP95Ms.toFixed(2)} ms and ${chosen.bytesPerVector} bytes.`;
}
