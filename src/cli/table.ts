/** Text in columns. */
import type { Interval } from "../evaluate/index.ts";

/** Rows under a head, columns as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** "0.5410 [0.5132, 0.5688]". */
export function figure({ mean, low, high }: Interval): string {
  return `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`;
}

/** "= 0.031", "< 0.001". */
export function formatP(p: number): string {
  return p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`;
}

/** Text of a stranger's on one line of a terminal: no control characters, at most `width` long. */
export function oneLine(text: string, width: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return clean.length > width ? `${clean.slice(0, width - 1)}…` : clean;
}
