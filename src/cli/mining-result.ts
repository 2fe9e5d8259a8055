/** What is said of a mining: how much came of it, and what a person should look at. */
import { NearfoldError } from "../errors.ts";
import type { Distribution, FalseNegative, MiningReport, Reason } from "../mining/index.ts";
import type { Outcome } from "./command.ts";
import { oneLine, table } from "./table.ts";

interface Mining {
  readonly out: string;
  readonly model: string;
  readonly negatives: number;
  readonly minNegatives: number;
  /** Rows of the file that were malformed. */
  readonly skipped: number;
}

const words = {
  empty: "blank",
  anchor: "the anchor itself",
  positive: "a known positive",
  absoluteMargin: "above the positive - absolute margin",
  relativeMargin: "above the positive - relative margin",
  maxScore: "above the highest score",
  minScore: "below the lowest score",
  rangeMin: "among the first, skipped ranks",
} as const satisfies Record<Reason, string>;

export function miningOutcome(
  report: MiningReport,
  { out, model, negatives, minNegatives, skipped }: Mining,
): Outcome {
  const { pairs, anchors, mined, short, replaced, above } = report;
  const { candidates, scores, falseNegatives } = report;
  const each = minNegatives < negatives ? `${minNegatives} to ${negatives}` : `${negatives}`;
  const parts = [
    `${out} holds ${mined} of ${pairs} pairs, with ${each} negatives each`,
    ...(short > 0 ? [`${short} found fewer and were left out`] : []),
    ...(replaced > 0 ? [`the negatives that ${replaced} had before are replaced`] : []),
  ];
  const likely = "Left out, and perhaps matches that nobody marked: look at them";
  return {
    json: { out, skipped, ...report },
    text: [
      parts.join("; "),
      `${candidates} candidates of ${anchors} anchors were looked at`,
      table(["left out", "candidates"], droppedRows(report)),
      table(["score", ...Object.keys(columns)], scoreRows(scores)),
      ...(above > 0
        ? [
            `${above} negatives score above their positive, and may be matches: a margin of 0 or more would leave them out`,
          ]
        : []),
      ...(falseNegatives.length > 0 ? [likely, ...falseNegatives.map(describe)] : []),
      `Next: nearfold train ${out} --base ${model} --out tuned/`,
    ].join("\n"),
  };
}

/** @returns the error of a mining that came to nothing */
export function nothingMined(report: MiningReport, at: string): NearfoldError {
  const dropped = droppedRows(report).map(([reason, count]) => `${count} of them ${reason}`);
  return new NearfoldError("bad-input", "no pair found enough negatives", {
    at,
    got: [`${report.candidates} candidates`, ...dropped].join(", "),
    hint: "Offer more texts (--corpus), look further (--range-max), or ask for less (--negatives, --relative-margin)",
  });
}

/** The most frequent reason first. */
function droppedRows({ dropped }: MiningReport): readonly (readonly [string, string])[] {
  return (Object.entries(dropped) as [Reason, number][])
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => [words[reason], String(count)]);
}

const columns = {
  mean: ({ mean }) => mean,
  std: ({ std }) => std,
  min: ({ min }) => min,
  "25 %": ({ p25 }) => p25,
  median: ({ median }) => median,
  "75 %": ({ p75 }) => p75,
  max: ({ max }) => max,
} as const satisfies Record<string, (scores: Distribution) => number>;

function scoreRows(scores: MiningReport["scores"]): readonly (readonly string[])[] {
  return Object.entries(scores).map(([name, scores]) => [
    name,
    ...Object.values(columns).map((column) => column(scores).toFixed(3)),
  ]);
}

function describe({ anchor, positive, positiveScore, text, score }: FalseNegative): string {
  return [
    `  ${oneLine(anchor, 90)}`,
    `    ${score.toFixed(3)}  ${oneLine(text, 80)}`,
    `    ${positiveScore.toFixed(3)}  its positive: ${oneLine(positive, 66)}`,
  ].join("\n");
}
