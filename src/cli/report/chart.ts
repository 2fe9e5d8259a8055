/** What every chart is made of: the drawing with its words for those who can't see it, axes, and a few marks. */
import type { ScaleContinuousNumeric } from "d3-scale";
import { type Html, html } from "./html.ts";

/** A quantity to a place, in units of the drawing. */
export type Scale = ScaleContinuousNumeric<number, number>;

/** All charts have the same width, half the page's, so that their letters have one size. */
export const WIDTH = 440;

/** The edges of the part that data is drawn in. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface ChartText {
  /** Unique on the page; a name of ours, never data. */
  readonly id: string;
  readonly title: string;
  /** What a reader would see in it, in words. */
  readonly description: string;
}

/** An inline drawing `WIDTH` wide that scales with its column. */
export function drawing({ id, title, description }: ChartText, height: number, body: Html): Html {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${body}</svg>`;
}

/** Horizontal lines with their values at the left. */
export function rows(scale: Scale, plot: Plot, count: number): Html {
  const format = scale.tickFormat(count);
  return html`${scale.ticks(count).map(
    (value) =>
      html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at(scale(value))}" y2="${at(scale(value))}"/>
${label({ x: plot.left - 8, y: scale(value) + 4, anchor: "end", kind: "tick" }, format(value))}`,
  )}`;
}

/** Values below the drawing; the first and the last don't reach over its sides. */
export function columns(
  scale: Scale,
  plot: Plot,
  values: readonly number[],
  name: string,
  format: (value: number) => string,
): Html {
  return html`<line class="axis" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}"/>
${values.map((value) =>
  label({ x: scale(value), y: plot.bottom + 19, anchor: "middle", kind: "tick" }, format(value)),
)}${label({ x: plot.right, y: plot.bottom + 38, anchor: "end", kind: "tick" }, name)}`;
}

export interface LabelOptions {
  readonly x: number;
  readonly y: number;
  /** @default "start" */
  readonly anchor?: "start" | "middle" | "end";
  /** Classes of the style sheet. */
  readonly kind: string;
}

export function label({ x, y, anchor = "start", kind }: LabelOptions, text: string): Html {
  return html`<text class="${kind}" x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${text}</text>`;
}

/** A point: full for the model, hollow for what it is compared with, so that it needs no colour. */
export function dot(x: number, y: number, kind: "model" | "bm25"): Html {
  return html`<circle class="dot ${kind}" cx="${at(x)}" cy="${at(y)}" r="4.5"/>`;
}

export function path(shape: string | null, kind: string): Html {
  return html`<path class="${kind}" d="${shape ?? ""}"/>`;
}

/** A tenth of a unit is finer than any screen shows. */
export function at(place: number): string {
  return String(Math.round(place * 10) / 10);
}
