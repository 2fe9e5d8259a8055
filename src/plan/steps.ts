/** How long a plan will still take, as far as that can be told. */

/** Something that is done as one, and what it may cost. */
export interface Step {
  /** For people: "distilling 3 of 6 layers". */
  readonly name: string;
  /** Seconds, guessed. */
  readonly guess: number;
}

/**
 * Seconds for what is left: guesses, scaled by how wrong those were of what is done.
 * @param took of the steps that are done, in their order
 */
export function secondsLeft(steps: readonly Step[], took: readonly number[]): number {
  const guessed = (some: readonly Step[]) => some.reduce((sum, { guess }) => sum + guess, 0);
  const done = guessed(steps.slice(0, took.length));
  const spent = took.reduce((sum, seconds) => sum + seconds, 0);
  const wrong = done > 0 && spent > 0 ? spent / done : 1;
  return guessed(steps.slice(took.length)) * wrong;
}
