/** What serving must meet. */

/** What is known of a candidate; by measurement, or before it as the best that it could be. */
export interface Figures {
  /** Share of the given model's quality. */
  readonly kept: number;
  /** Milliseconds of one query, tokenization included, that 95 of 100 stay below. */
  readonly queryP95Ms: number;
  /** What the model adds to a process, at its peak. */
  readonly memoryMb: number;
  readonly bytesPerVector: number;
  readonly documentsPerSecond: number;
}

interface LimitSpec {
  readonly figure: keyof Figures;
  /** Of its option. */
  readonly flag: string;
  /** A limit upwards or downwards. */
  readonly wants: "at most" | "at least";
  readonly format: (value: number) => string;
}

const digits = (value: number) => String(Number(value.toPrecision(3)));

/** Everything that can be required, by the name of its option. */
export const limits = {
  keepQuality: {
    figure: "kept",
    flag: "--keep-quality",
    wants: "at least",
    format: (value) => `${value.toFixed(3)} of the quality`,
  },
  queryP95Ms: {
    figure: "queryP95Ms",
    flag: "--query-p95-ms",
    wants: "at most",
    format: (value) => `${digits(value)} ms`,
  },
  ramMb: {
    figure: "memoryMb",
    flag: "--ram-mb",
    wants: "at most",
    format: (value) => `${value.toFixed(0)} MB`,
  },
  bytesPerVector: {
    figure: "bytesPerVector",
    flag: "--bytes-per-vector",
    wants: "at most",
    format: (value) => `${value} bytes`,
  },
  documentsPerSecond: {
    figure: "documentsPerSecond",
    flag: "--documents-per-second",
    wants: "at least",
    format: (value) => `${digits(value)} documents/s`,
  },
} as const satisfies Record<string, LimitSpec>;

export type Limit = keyof typeof limits;
export type Requirements = Readonly<Partial<Record<Limit, number>>>;

/** A requirement that is not met. */
export interface Miss {
  readonly limit: Limit;
  readonly got: number;
  readonly wanted: number;
  /** How far apart the two are, as the logarithm of a ratio; above 0. */
  readonly by: number;
}

/** What is not met; figures that are not known are let through. */
export function missesOf(
  figures: Readonly<Partial<Figures>>,
  requirements: Requirements,
): readonly Miss[] {
  return Object.entries(requirements).flatMap(([name, wanted]) => {
    const limit = name as Limit;
    const { figure, wants } = limits[limit];
    const got = figures[figure];
    if (got === undefined || (wants === "at most" ? got <= wanted : got >= wanted)) return [];
    return [{ limit, got, wanted, by: distanceOf(limit, got, wanted) }];
  });
}

/** Losses of quality are told apart no finer. */
const LEAST_LOSS = 0.005;

/** Twice the bytes or half the speed are as far as twice the loss of quality that is allowed. */
function distanceOf(limit: Limit, got: number, wanted: number): number {
  const loss = (kept: number) => Math.max(LEAST_LOSS, 1 - kept);
  const ratio =
    limit === "keepQuality"
      ? loss(got) / loss(wanted)
      : limits[limit].wants === "at most"
        ? got / wanted
        : wanted / got;
  return Math.log(Math.max(ratio, 1 + Number.EPSILON));
}

/** "4.2 ms where at most 3 ms is allowed". */
export function describeMiss({ limit, got, wanted }: Miss): string {
  const { wants, format } = limits[limit];
  const rule = wants === "at most" ? "is allowed" : "is required";
  // What is rounded to the limit itself would not look like a miss.
  const said = format(got) === format(wanted) ? `${format(got)} (${got})` : format(got);
  return `${said} where ${wants} ${format(wanted)} ${rule}`;
}

/** "--query-p95-ms 3 --ram-mb 100". */
export function describeRequirements(requirements: Requirements): string {
  return Object.entries(requirements)
    .map(([name, value]) => `${limits[name as Limit].flag} ${value}`)
    .join(" ");
}
