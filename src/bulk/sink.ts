/** Where vectors go: a file or folder that grows beside its final name, and can go on after a kill. */
import type { Document } from "../data/documents.ts";
import type { Role } from "../models/model.ts";
import type { Named, Space } from "../space.ts";
import type { Payload } from "../stores/index.ts";

/** What a sink is opened for. */
export interface SinkRun {
  /** A folder of its own, whatever is in it is of this run. */
  readonly folder: string;
  /** The space of the vectors, at as many dimensions as they have, beside the model's name. */
  readonly model: Named<Space>;
  readonly role: Role;
  /** Recorded where there is room for it. */
  readonly notes: Payload;
}

/** What of a sink's files counts, as a checkpoint holds it. */
export type SinkState = Readonly<Record<string, number | string>>;

/** Takes vectors, in the order of their documents. */
export interface Sink extends AsyncDisposable {
  /** Which of the documents to come it has no place for; asked in their order. @default none */
  refuse?(documents: readonly Document[]): Promise<ReadonlySet<Document>>;
  /**
   * Takes vectors `[N, dims]`: on disk when it is done, and not before `state` is recorded a part of the result.
   * @throws io
   */
  append(documents: readonly Document[], vectors: Float32Array): Promise<void>;
  /** Of what was appended. */
  state(): Promise<SinkState>;
  /** Writes what comes last; on disk when it is done. Can be done again by a sink that was opened at the same state. */
  finish(): Promise<void>;
}

/** A kind of output: an entry of the registry. */
export interface SinkKind {
  /** What lies in the run's folder when it is finished, and what is put behind the name of the output for its own. */
  readonly results: readonly { readonly name: string; readonly suffix: string }[];
  /** Whether the output is a folder, which the file of this name tells as one of ours. @default a file */
  readonly folderWith?: string;
  /**
   * Opens what is in the run's folder at a state that was recorded, or begins.
   * @throws bad-input for files that are damaged
   */
  readonly open: (run: SinkRun, state: SinkState | undefined) => Promise<Sink>;
}
