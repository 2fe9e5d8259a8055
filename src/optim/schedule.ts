/** Shapes of the learning rate after the warm-up, as a share of the peak at a share `x` of the way, 0 to 1. */
export const decays = {
  linear: (x) => 1 - x,
  cosine: (x) => (1 + Math.cos(Math.PI * x)) / 2,
  constant: () => 1,
} as const satisfies Record<string, (x: number) => number>;

export type Decay = keyof typeof decays;

export interface Schedule {
  readonly peak: number;
  readonly totalSteps: number;
  /** Steps over which the rate rises from 0. @default 0 */
  readonly warmupSteps?: number;
  /** @default "linear" */
  readonly decay?: Decay;
}

/**
 * The learning rate of step `step` (from 0): a linear rise over the warm-up, then the decay to 0 at `totalSteps`; as transformers'
 * get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup (optimization.py).
 */
export function learningRate(
  step: number,
  { peak, totalSteps, warmupSteps = 0, decay = "linear" }: Schedule,
): number {
  if (step < warmupSteps) return (peak * step) / Math.max(1, warmupSteps);
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return peak * decays[decay](Math.min(1, progress));
}
