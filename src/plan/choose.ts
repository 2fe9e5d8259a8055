/** Which of the measured candidates is to be served, and why no other. */
import { type Candidate, describeCandidate } from "./candidate.ts";
import { dominatorOf, paretoFront, step, type Weighed } from "./front.ts";
import {
  describeMiss,
  type Figures,
  type Miss,
  missesOf,
  type Requirements,
} from "./requirements.ts";

/** A candidate and what was measured of it. */
export interface Measured extends Weighed, Figures {
  readonly candidate: Candidate;
  readonly queryP50Ms: number;
}

export interface Choosing<M extends Measured> {
  /** Whether chance may be why one has more quality than the other. */
  readonly tied: (best: M, other: M) => boolean;
}

export interface Choice<M extends Measured> {
  /** None where nothing meets the requirements. */
  readonly chosen: M | undefined;
  readonly front: readonly M[];
  /** Of each that was not chosen, why. */
  readonly lost: readonly { readonly of: M; readonly why: string }[];
}

/** The rule, as it is told. */
export const RULE =
  "of those that meet every requirement the one that keeps most quality; of those that differ from it by no more than chance, the fastest at a query, then the one of fewest bytes a vector";

/** Times of a query that lie closer are one. */
const SAME_TIME = 0.1;

/** Applies the rule. */
export function choose<M extends Measured>(
  measured: readonly M[],
  requirements: Requirements,
  { tied }: Choosing<M>,
): Choice<M> {
  const front = paretoFront(measured);
  const meeting = front.filter((one) => missesOf(one, requirements).length === 0);
  const best = meeting.reduce<M | undefined>(
    (found, one) => (found && found.kept >= one.kept ? found : one),
    undefined,
  );
  const equals = best ? meeting.filter((one) => one === best || tied(best, one)) : [];
  const [chosen] = equals.toSorted(byPreference);
  const lost = measured
    .filter((one) => one !== chosen)
    .map((of) => ({ of, why: reasonOf(of, { chosen, front, equals, requirements }) }));
  return { chosen, front, lost };
}

/** The faster, then the smaller, then the better first. */
function byPreference(a: Measured, b: Measured): number {
  return (
    step(a.queryP50Ms, SAME_TIME) - step(b.queryP50Ms, SAME_TIME) ||
    a.bytesPerVector - b.bytesPerVector ||
    b.kept - a.kept ||
    a.memoryMb - b.memoryMb
  );
}

interface Outcome {
  readonly chosen: Measured | undefined;
  readonly front: readonly Measured[];
  readonly equals: readonly Measured[];
  readonly requirements: Requirements;
}

function reasonOf(of: Measured, { chosen, front, equals, requirements }: Outcome): string {
  const misses = missesOf(of, requirements);
  if (misses.length > 0) return misses.map(describeMiss).join("; ");
  const better = front.includes(of) ? undefined : dominatorOf(of, front);
  if (better) {
    return `no better in anything than ${describeCandidate(better.candidate)}, and worse in something`;
  }
  if (!chosen) return "nothing was chosen";
  if (!equals.includes(of)) {
    return `keeps ${of.kept.toFixed(3)} of the quality, less by more than chance than the best that meets the requirements`;
  }
  const times = `${of.queryP50Ms.toFixed(2)} ms against ${chosen.queryP50Ms.toFixed(2)} ms a query`;
  if (step(of.queryP50Ms, SAME_TIME) > step(chosen.queryP50Ms, SAME_TIME)) {
    return `as good within chance, and slower: ${times}`;
  }
  if (of.bytesPerVector > chosen.bytesPerVector) {
    return `as good within chance, and larger: ${of.bytesPerVector} bytes against ${chosen.bytesPerVector}`;
  }
  return "as good within chance, as fast and as small, with the lower score";
}

/** What came near, and what it misses. */
export interface Near<C> {
  readonly of: C;
  readonly misses: readonly Miss[];
}

/**
 * Those that miss the requirements by least, the nearest first: by the sum of the logarithms of what is missed, so that half the speed, twice
 * the bytes and twice the loss of quality weigh alike. What was measured comes before what was ruled out, of which not all misses are known.
 */
export function nearest<
  C extends { readonly isMeasured: boolean; readonly figures: Partial<Figures> },
>(all: readonly C[], requirements: Requirements, count = 3): readonly Near<C>[] {
  const distance = (misses: readonly Miss[]) => misses.reduce((sum, { by }) => sum + by, 0);
  return all
    .map((of) => ({ of, misses: missesOf(of.figures, requirements) }))
    .toSorted(
      (a, b) =>
        Number(b.of.isMeasured) - Number(a.of.isMeasured) ||
        distance(a.misses) - distance(b.misses),
    )
    .slice(0, count);
}
