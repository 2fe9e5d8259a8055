import { type Better, median, ratioOf, spreadOf } from "./measure.ts";

/** A named measurement. */
export interface Measurement {
  /** What is done, in one line. */
  readonly about: string;
  readonly unit: string;
  readonly better: Better;
  /**
   * What is aimed at: the least ratio to each peer in the order in which `run` names them; without a peer, the most that ours
   * may be.
   */
  readonly targets: readonly number[];
  /** What this machine lacks for it, as a sentence. @default nothing is needed */
  readonly missing?: () => string | undefined;
  readonly run: (log: (line: string) => void) => Promise<Finding>;
}

/** What a measurement found: the figure of each run, before any arithmetic. */
export interface Finding {
  readonly ours: readonly number[];
  /** The first is the peer, the others stand beside it. @default none */
  readonly peers?: readonly PeerFinding[];
  /** Further figures that say where the main one comes from. */
  readonly details?: Readonly<Record<string, number | string>>;
}

export interface PeerFinding {
  /** With version and mode; of a peer that is not installed, how to install it. */
  readonly name: string;
  /** Absent for a peer that is not installed. */
  readonly figures?: readonly number[];
}

/** How ours stands against one peer; `null` where there is no figure to compare with. */
interface Comparison {
  readonly peerName: string | null;
  readonly peer: number | null;
  /** Above 1 where ours is better. */
  readonly ratio: number | null;
}

/** What `npm run bench -- NAME --json` prints. Figures are medians. */
export interface Result extends Comparison {
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  readonly ours: number;
  /** Counted runs of each side. */
  readonly runs: number;
  /** Interquartile range over median, of the side that varies most. */
  readonly spread: number;
  /** Whether every target is met; `null` where a peer that one is about is not installed. */
  readonly met: boolean | null;
  /** Speed of a float32 matrix product in the same run: what the machine gave just then. */
  readonly gemmGflops: number;
  /** Comparisons with further peers. */
  readonly also?: readonly Comparison[];
  readonly details?: Readonly<Record<string, number | string>>;
}

export function toResult(
  name: string,
  { unit, better, targets }: Pick<Measurement, "unit" | "better" | "targets">,
  { ours, peers = [], details }: Finding,
  gemmGflops: number,
): Result {
  const figure = median(ours);
  const comparisons = peers.map((peer) => compare(figure, peer, better));
  const [first = { peerName: null, peer: null, ratio: null }, ...also] = comparisons;
  const sides = [ours, ...peers.flatMap(({ figures }) => (figures ? [figures] : []))];
  return {
    name,
    unit,
    better,
    ours: rounded(figure),
    ...first,
    runs: ours.length,
    spread: rounded(Math.max(...sides.map(spreadOf))),
    met: isMet(targets, peers.length > 0 ? comparisons : undefined, figure),
    gemmGflops: rounded(gemmGflops),
    ...(also.length > 0 && { also }),
    ...(details && { details: roundedAll(details) }),
  };
}

/** A text table of results, one line a comparison. */
export function toTable(results: readonly Result[]): string {
  const lines = results.flatMap((result) =>
    [result, ...(result.also ?? [])].map(({ peerName, peer, ratio }, index) => [
      index === 0 ? result.name : "",
      index === 0 ? `${result.ours} ${result.unit}` : "",
      peer === null ? "" : `${peer} ${result.unit}`,
      ratio === null ? "" : `${ratio} ×`,
      index > 0 ? "" : { true: "met", false: "missed", null: "open" }[`${result.met}`],
      index === 0 ? `${Math.round(result.spread * 100)} %` : "",
      index === 0 ? `${Math.round(result.gemmGflops)}` : "",
      peerName ?? "",
    ]),
  );
  const heads = ["name", "ours", "peer", "ratio", "target", "spread", "GFLOP/s", "peer's name"];
  const rows = [heads, ...lines];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

function compare(ours: number, { name, figures }: PeerFinding, better: Better): Comparison {
  if (!figures) return { peerName: name, peer: null, ratio: null };
  const peer = median(figures);
  return { peerName: name, peer: rounded(peer), ratio: rounded(ratioOf(ours, peer, better)) };
}

function isMet(
  targets: readonly number[],
  comparisons: readonly Comparison[] | undefined,
  ours: number,
): boolean | null {
  if (!comparisons) return targets.every((most) => ours <= most);
  const ratios = targets.map((_, index) => comparisons[index]?.ratio ?? null);
  if (ratios.some((ratio, index) => ratio !== null && ratio < targets[index])) return false;
  return ratios.includes(null) ? null : true;
}

function roundedAll(details: NonNullable<Finding["details"]>) {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [
      key,
      typeof value === "number" ? rounded(value) : value,
    ]),
  );
}

/** Four significant digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
