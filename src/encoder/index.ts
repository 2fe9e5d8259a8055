/** Texts in, vectors out. */

export { cutRows } from "./cut-rows.ts";
export {
  type Encoded,
  type EncodedPart,
  type EncodeProgress,
  type Encoder,
  type EncoderOptions,
  type EncodeTextsOptions,
  openEncoder,
} from "./encoder.ts";
export { type Forward, type ForwardOptions, openForward } from "./forward.ts";
export { type BatchLimits, planBatches } from "./plan-batches.ts";
export { type Prompted, promptedBy } from "./towers.ts";
