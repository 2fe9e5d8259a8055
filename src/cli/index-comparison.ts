/** What is said of two indexes that were asked the same. */
import type { CompareReport } from "../apps/compare/index.ts";
import { figure, formatP, oneLine } from "./table.ts";

/** The names stand for the first index and the second. */
export interface TwoNames {
  readonly a: string;
  readonly b: string;
}

export function describeComparison(found: CompareReport, { a, b }: TwoNames): string {
  const { queries, k, overlap, rankBiasedOverlap, sameFirst, judged, differing } = found;
  return [
    `${queries} queries: ${figure(overlap)} of the first ${k} are the same; rank-biased overlap ${rankBiasedOverlap.toFixed(4)}; ${sameFirst} with the same first document`,
    ...(judged ? [describeJudged(judged, { a, b })] : []),
    ...(differing.length > 0 ? ["They differ most on:"] : []),
    ...differing.flatMap((row) => [
      `  ${oneLine(row.text, 90)}`,
      `    ${oneLine(a, 80)}: ${row.a.map((id) => oneLine(id, 40)).join(", ") || "nothing"}`,
      `    ${oneLine(b, 80)}: ${row.b.map((id) => oneLine(id, 40)).join(", ") || "nothing"}`,
    ]),
  ].join("\n");
}

function describeJudged({ queries, ndcg10 }: NonNullable<CompareReport["judged"]>, two: TwoNames) {
  const { ours, baseline, difference, p } = ndcg10;
  return `nDCG@10 on ${queries} judged queries: ${two.a} ${baseline.mean.toFixed(4)}, ${two.b} ${ours.mean.toFixed(4)}, difference ${figure(difference)}, p ${formatP(p)}`;
}
