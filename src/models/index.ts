/** Models: what kinds there are, and their folders on disk. */

export { type AdaptOptions, adaptModel } from "./adapt.ts";
export type { Adapter } from "./adapter.ts";
export type { Architecture, AttentionKind, ImportedFile } from "./architecture.ts";
export { exportGraph } from "./export.ts";
export { spaceOf } from "./fingerprint.ts";
export { type Head, type HeadLayer, poolingHead, widthOf } from "./head.ts";
export { loadBase, loadModel, locateModel } from "./load.ts";
export type {
  Card,
  DataRecord,
  Lineage,
  Merge,
  MergedModel,
  Model,
  Role,
  Tower,
  Weight,
} from "./model.ts";
export { type ImportedGraph, type ImportOptions, importGraph } from "./onnx-architecture.ts";
export { saveAdapter, withAdapter } from "./peft.ts";
export { architectures, type ModelType } from "./registry.ts";
export { type SaveModelOptions, saveModel } from "./save.ts";
