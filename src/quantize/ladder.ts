/** Which weight gets more bits next: a pure decision. */
import type { WeightFormat } from "../nn/weight-format.ts";

/** A weight on its way from few bits to floats. */
export interface Climber {
  readonly weight: string;
  /** What it may be, the smallest first; past the last it is float. */
  readonly formats: readonly WeightFormat[];
  /** Which of them it is; as many as there are: float. */
  readonly rung: number;
  /** Of being so, alone: 1 − the mean cosine. */
  readonly cost: number;
}

/**
 * The one that costs most, of those that are not float yet; of equals the first. The last that is no float stays so: else the model would be the one that was given.
 */
export function nextToClimb(all: readonly Climber[]): Climber | undefined {
  const coded = all.filter(({ rung, formats }) => rung < formats.length);
  const mayClimb = ({ rung, formats }: Climber) => coded.length > 1 || rung + 1 < formats.length;
  return coded
    .filter(mayClimb)
    .reduce<Climber | undefined>(
      (most, each) => (most && most.cost >= each.cost ? most : each),
      undefined,
    );
}
