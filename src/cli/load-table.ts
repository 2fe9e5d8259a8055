/** Loads as a table. */
import type { LoadResult } from "../serve/index.ts";
import { table } from "./table.ts";

/** A load, and the memory of the server before and after it, in MB, where it says so. */
export type MeasuredLoad = LoadResult & {
  readonly serverMb?: { readonly before: number; readonly after: number };
};

const HEAD = [
  ...["load", "answered/s", "p50 ms", "p95", "p99", "max", "refused", "p95 ms", "failed"],
  ...["bulk texts/s", "sender's cores", "late ms", "server MB"],
];

/** One load a row; a column in which no load has anything is left out. */
export function loadTable(results: readonly MeasuredLoad[]): string {
  const rows = results.map(rowOf);
  const kept = HEAD.map((_, i) => rows.some((row) => row[i] !== NOTHING));
  const only = (cells: readonly string[]) => cells.filter((_, i) => kept[i]);
  return table(only(HEAD), rows.map(only));
}

const NOTHING = "-";

function rowOf(result: MeasuredLoad): readonly string[] {
  const { latencies, refused, failed, answeredPerSecond, bulk, senderCores, serverMb } = result;
  const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : NOTHING);
  return [
    "perSecond" in result ? `${result.perSecond}/s` : `${result.clients} clients`,
    answeredPerSecond.toFixed(1),
    ...[latencies.p50, latencies.p95, latencies.p99, latencies.max].map(ms),
    `${refused.count}`,
    ms(refused.p95),
    `${failed}`,
    bulk ? bulk.textsPerSecond.toFixed(1) : NOTHING,
    senderCores.toFixed(2),
    "lateMs" in result ? ms(result.lateMs) : NOTHING,
    serverMb ? `${serverMb.before.toFixed(0)} to ${serverMb.after.toFixed(0)}` : NOTHING,
  ];
}
