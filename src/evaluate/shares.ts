/** What a share that was counted says of the true one. */
import { NearfoldError } from "../errors.ts";

/**
 * The least true share that so many successes of so many trials leave likely: Clopper and Pearson's exact bound, one-sided ("The Use of Confidence or Fiducial Limits", 1934). The
 * quantile of a beta distribution, by bisection.
 * @param confidence that it lies above the bound. @default 0.95
 * @throws bad-argument for counts that make no sense
 */
export function lowerBoundOfShare(
  successes: number,
  trials: number,
  { confidence = 0.95 }: { readonly confidence?: number } = {},
): number {
  if (!(successes >= 0 && successes <= trials && trials > 0 && confidence > 0 && confidence < 1)) {
    throw new NearfoldError("bad-argument", "not counts of a share", {
      got: `${successes} of ${trials} at confidence ${confidence}`,
      wanted: "some of at least one, a confidence between 0 and 1",
    });
  }
  if (successes === 0) return 0;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    // The chance of so many successes or more, were the share in the middle.
    if (betaIntegral(middle, successes, trials - successes + 1) < 1 - confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularized incomplete beta function `I_x(a, b)`: Lentz's continued fraction (Press et al., "Numerical Recipes", section 6.4). */
function betaIntegral(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaIntegral(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return (front * fraction(x, a, b)) / a;
}

const TINY = 1e-300;

function fraction(x: number, a: number, b: number): number {
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let found = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let factor = 1;
    for (const term of [even, odd]) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      factor = c * d;
      found *= factor;
    }
    if (Math.abs(factor - 1) < 1e-14) break;
  }
  return found;
}

/** Lanczos' approximation with g = 7 and nine terms: 15 digits. */
function logGamma(x: number): number {
  const shifted = x - 1;
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (shifted + i);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

/** A share of some trials with its 95 % interval. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Of the standard normal distribution, with 2.5 % above. */
const Z = 1.959964;

/** The score interval of a share (Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927). @param of one trial or more */
export function wilsonInterval(successes: number, of: number): ShareInterval {
  const share = successes / of;
  const shrunk = 1 + Z ** 2 / of;
  const middle = (share + Z ** 2 / (2 * of)) / shrunk;
  const reach = (Z / shrunk) * Math.sqrt((share * (1 - share)) / of + (Z / (2 * of)) ** 2);
  return { share, low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}
