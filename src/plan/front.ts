/** Which candidates no other beats (Pareto). */

/** What is weighed of a measured candidate. */
export interface Weighed {
  /** Share of the given model's quality; more is better. */
  readonly kept: number;
  readonly documentsPerSecond: number;
  /** Of these less is better. */
  readonly queryP95Ms: number;
  readonly memoryMb: number;
  readonly bytesPerVector: number;
  /** Milliseconds of one search over the collection. */
  readonly searchMs: number;
}

interface Objective {
  readonly figure: keyof Weighed;
  readonly better: "more" | "less";
  /** Steps of `1 + grain` are told apart, no finer: a clock's noise is no gain. Not for what may be required. @default each figure is what it says */
  readonly grain?: number;
}

const objectives: readonly Objective[] = [
  { figure: "kept", better: "more" },
  { figure: "documentsPerSecond", better: "more" },
  { figure: "queryP95Ms", better: "less" },
  { figure: "memoryMb", better: "less" },
  { figure: "bytesPerVector", better: "less" },
  { figure: "searchMs", better: "less", grain: 0.25 },
];

/**
 * Whether `a` is no worse than `b` in anything, and better in something. So it meets every requirement that `b` meets. Times of a search are
 * compared by the rung of a logarithmic ladder that they stand on, so that the order stays one: what beats a beater beats the beaten.
 */
export function dominates(a: Weighed, b: Weighed): boolean {
  let better = false;
  for (const objective of objectives) {
    const difference = goodness(a, objective) - goodness(b, objective);
    if (difference < 0) return false;
    better ||= difference > 0;
  }
  return better;
}

/** Those that no other dominates, in their order; of equals, all. */
export function paretoFront<Candidate extends Weighed>(
  all: readonly Candidate[],
): readonly Candidate[] {
  return all.filter((one) => !all.some((other) => dominates(other, one)));
}

/** The first that dominates it. */
export function dominatorOf<Candidate extends Weighed>(
  one: Candidate,
  all: readonly Candidate[],
): Candidate | undefined {
  return all.find((other) => dominates(other, one));
}

/** More is better. */
function goodness(of: Weighed, { figure, better, grain }: Objective): number {
  const value = grain === undefined ? of[figure] : step(of[figure], grain);
  return better === "more" ? value : -value;
}

/** The step of a ladder whose rungs are `1 + grain` apart. */
export function step(value: number, grain: number): number {
  return Math.round(Math.log(value) / Math.log1p(grain));
}
