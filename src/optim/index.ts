/** Optimizers: plain loops over Float32Array. */
export { AdamW, type AdamWOptions, type Moments, type RowGradient } from "./adamw.ts";
export { clipGlobalNorm, globalNorm } from "./clip.ts";
export { RowSums, type RowUpdate } from "./row-sums.ts";
export { type Decay, decays, learningRate, type Schedule } from "./schedule.ts";
