/** Graph ⇄ ONNX. */
export { isRanked, UNRANKED, UNTYPED } from "../graph/unknown-type.ts";
export { type DecodedModel, type DecodeOptions, decodeModel } from "./decode.ts";
export { toDefaultDomain } from "./default-domain.ts";
export { type EncodedModel, type EncodeOptions, encodeModel } from "./encode.ts";
export { loadModel, saveModel, saveWithWeights } from "./file.ts";
export type { Source } from "./initializer.ts";
export type { Opsets } from "./opset.ts";
export type { ModelSource } from "./source.ts";
