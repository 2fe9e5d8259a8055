/** Texts of any number into vectors on disk: sources, sinks, and the run between them that can be stopped. */
export {
  type EmbeddedInput,
  type EmbedInputOptions,
  embedInput,
  type InputProgress,
} from "./embed-input.ts";
export { type EncodedWindow, encodeWindows, type WindowProgress } from "./encode-windows.ts";
export { partialPath } from "./partial.ts";
export type { Sink, SinkKind, SinkRun, SinkState } from "./sink.ts";
export { vectorLines } from "./sinks/jsonl.ts";
export { chooseSink, type SinkName, sinks } from "./sinks/registry.ts";
export type {
  Fields,
  RowPlace,
  Source,
  SourceDocument,
  SourceOptions,
  SourceRow,
} from "./source.ts";
export { type Input, openInput, sources } from "./sources/registry.ts";
export { type Window, windowsOf } from "./window.ts";
