/** What is said of a search for duplicates. */
import type { Deduped, Group, Stage } from "../apps/dedupe/index.ts";
import type { Outcome } from "./command.ts";
import type { Threshold, Thresholds } from "./dedupe-thresholds.ts";
import { oneLine, table } from "./table.ts";

interface Dedupe {
  readonly out: string;
  readonly groups: string;
  readonly skipped: number;
  readonly thresholds: Thresholds;
}

const words = {
  exact: "equal once normalized",
  near: "most of their shingles shared",
  semantic: "near in meaning",
} as const satisfies Record<Stage, string>;

/** Groups that a person should look at. */
const SHOWN = 3;

export async function dedupeOutcome(
  found: Deduped,
  { out, groups, skipped, thresholds }: Dedupe,
): Promise<Outcome> {
  const counts = found.count();
  const { rows, kept, dropped } = counts;
  const doubtful = leastSure(found.groups());
  const { near, semantic } = thresholds;
  const rowsOfTable = (Object.keys(words) as Stage[])
    .filter((stage) => dropped[stage] > 0)
    .map((stage) => [words[stage], String(dropped[stage])]);
  return {
    json: {
      ...{ out, groupsFile: groups, skipped, ...counts },
      ...(near && { near }),
      ...(semantic && { semantic: semantic.found }),
    },
    text: [
      `${out} holds ${kept} of ${rows} rows; ${groups} says what became of the ${rows - kept} others`,
      ...(near ? [describe("Near duplicates share", near)] : []),
      ...(semantic ? [describe("Duplicates in meaning have a cosine of", semantic.found)] : []),
      ...(rowsOfTable.length > 0 ? [table(["dropped as", "rows"], rowsOfTable)] : []),
      ...(doubtful.length > 0 ? ["The least alike of them: look at them"] : []),
      ...(await shown(found, doubtful)),
    ].join("\n"),
  };
}

function describe(what: string, found: Threshold): string {
  const from = `${what} ${found.threshold.toFixed(3)} or more`;
  if (!("bound" in found)) return from;
  const { precision, bound, recall } = found;
  return `${from}: of the judged pairs there ${(100 * precision).toFixed(1)} % are the same (at least ${(100 * bound).toFixed(1)} %, with confidence 0.95), and ${(100 * recall).toFixed(1)} % of those that are the same are there`;
}

interface Doubtful {
  readonly kept: number;
  readonly dropped: number;
  readonly score: number;
}

/** A pair of each of the groups whose members are least like what is kept, of both inexact stages. */
function leastSure(groups: Iterable<Group>): readonly Doubtful[] {
  let least: Doubtful[] = [];
  for (const { kept, dropped } of groups) {
    const inexact = dropped.filter(({ stage }) => stage !== "exact");
    if (inexact.length === 0) continue;
    const { row, score } = inexact.reduce((a, b) => (b.score < a.score ? b : a));
    if (least.length === SHOWN && score >= least.at(-1)!.score) continue;
    least.push({ kept: kept.row, dropped: row, score });
    least = least.sort((a, b) => a.score - b.score).slice(0, SHOWN);
  }
  return least;
}

async function shown(found: Deduped, pairs: readonly Doubtful[]): Promise<readonly string[]> {
  const rows = [...new Set(pairs.flatMap(({ kept, dropped }) => [kept, dropped]))];
  rows.sort((a, b) => a - b);
  const texts = await Array.fromAsync(found.texts(rows));
  const textOf = (row: number) => oneLine(texts[rows.indexOf(row)], 84);
  return pairs.map(
    ({ kept, dropped, score }) =>
      `  ${score.toFixed(3)}  ${textOf(dropped)}\n         kept: ${textOf(kept)}`,
  );
}
