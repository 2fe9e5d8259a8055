/** Numbers as a reader wants them. What is not a number reads `–`. */
import type { Interval } from "../../evaluate/index.ts";

const NONE = "–";
/** Spaces at which no line breaks. */
const NARROW = "\u202f";
const FIXED = "\u00a0";
const counts = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" });

const orNone =
  (format: (value: number) => string) =>
  (value: number): string =>
    Number.isFinite(value) ? format(value) : NONE;

/** `0.562`. */
export const formatScore = orNone((value) => value.toFixed(3));

/** `8,912`. */
export const formatCount = orNone((value) => counts.format(value));

/** Three significant digits, `1.84`; a large one as a count, a tiny one with its exponent. */
export const formatLoss = orNone((value) => {
  const size = Math.abs(value);
  if (size >= 1000) return counts.format(value);
  return size > 0 && size < 0.001 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
});

/** `2.1 times`. */
export const formatRatio = orNone((value) => `${value.toFixed(value < 10 ? 1 : 0)} times`);

/** `87 %`. */
export const formatShare = orNone((value) => `${(value * 100).toFixed(0)}${NARROW}%`);

/** `p < 0.001`, `p = 0.013`. */
export const formatP = orNone((value) =>
  value < 0.001 ? `p${FIXED}<${FIXED}0.001` : `p${FIXED}=${FIXED}${value.toFixed(3)}`,
);

/** `26.4 s`, `2 min 12 s`, `1 h 4 min`. */
export const formatSeconds = orNone((value) => {
  if (value < 59.95) return `${value.toFixed(1)}${NARROW}s`;
  const whole = Math.round(value);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60)];
  return hours > 0
    ? `${hours}${NARROW}h ${minutes % 60}${NARROW}min`
    : `${minutes}${NARROW}min ${whole % 60}${NARROW}s`;
});

/** `812 MB`, `1.6 GB`. */
export const formatMegabytes = orNone((value) =>
  value < 1023.5 ? `${value.toFixed(0)}${NARROW}MB` : `${(value / 1024).toFixed(1)}${NARROW}GB`,
);

/** `0.535–0.589`. */
export function formatInterval({ low, high }: Interval): string {
  return `${formatScore(low)}–${formatScore(high)}`;
}

/** `1st`, `22nd`, `113th`. */
export const formatRank = orNone((value) => `${value}${suffixes[ordinals.select(value)] ?? "th"}`);
const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const suffixes: Readonly<Record<string, string>> = { one: "st", two: "nd", few: "rd" };

/** `23 November 2026, 13:40 UTC`. */
export function formatWhen(when: Date): string {
  if (Number.isNaN(when.getTime())) return NONE;
  return `${date.format(when)}, ${time.format(when)} UTC`;
}

/** At most `length` UTF-16 units and an ellipsis; white space is kept. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed().trimEnd()}…`;
}
