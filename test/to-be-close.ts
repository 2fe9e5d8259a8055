/** The matcher `toBeClose`: arrays of numbers that agree up to rounding. A setup file of vitest loads it. */
import { expect } from "vitest";

/** `|got - wanted| <= atol + rtol × |wanted|`, as numpy.allclose. */
export interface Tolerance {
  /** Relative tolerance. @default 0 */
  readonly rtol?: number;
  /** Absolute tolerance. @default 0 */
  readonly atol?: number;
}

interface Worst {
  readonly index: number;
  /** How many elements are out of tolerance. */
  readonly count: number;
  readonly largestDifference: number;
}

/** NaN matches NaN and an infinity itself: a golden number that is not finite must be met, not tolerated. */
function excess(got: number, wanted: number, { rtol = 0, atol = 0 }: Tolerance): number {
  if (Object.is(got, wanted) || got === wanted) return 0;
  const over = Math.abs(got - wanted) - (atol + rtol * Math.abs(wanted));
  return Number.isFinite(wanted) && Number.isFinite(got) ? Math.max(over, 0) : Infinity;
}

/** The element furthest out of tolerance, or undefined when all are within it. */
function worstOf(
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: Tolerance,
): Worst | undefined {
  let [index, count, worst, largestDifference] = [-1, 0, 0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const over = excess(got[i], wanted[i], tolerance);
    largestDifference = Math.max(largestDifference, Math.abs(got[i] - wanted[i]) || 0);
    if (over > 0) count++;
    if (over > worst) [index, worst] = [i, over];
  }
  return count > 0 ? { index, count, largestDifference } : undefined;
}

expect.extend({
  toBeClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: Tolerance) {
    if (typeof got?.length !== "number" || got.length !== wanted.length) {
      const length = typeof got?.length === "number" ? `${got.length} elements` : String(got);
      return { pass: false, message: () => `got ${length}, wanted ${wanted.length} elements` };
    }
    const worst = worstOf(got, wanted, tolerance);
    if (!worst) {
      return { pass: true, message: () => `all ${wanted.length} elements are within tolerance` };
    }
    const { rtol = 0, atol = 0 } = tolerance;
    const { index, count, largestDifference } = worst;
    return {
      pass: false,
      message: () =>
        `${count} of ${wanted.length} elements are out of tolerance (rtol ${rtol}, atol ${atol}); ` +
        `worst at index ${index}: got ${got[index]}, wanted ${wanted[index]}; ` +
        `largest difference ${largestDifference}`,
    };
  },
});

declare module "vitest" {
  interface Matchers<R extends void | Promise<void>, T> {
    /** Equal lengths, and each `|got - wanted| <= atol + rtol × |wanted|`; says which index is worst. */
    toBeClose(wanted: ArrayLike<number>, tolerance: Tolerance): R;
  }
}
