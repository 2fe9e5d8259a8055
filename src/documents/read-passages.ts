import { type ErrorCode, NearfoldError } from "../errors.ts";
import type { StructuredDocument } from "./document.ts";
import { type Passage, type PassageOptions, passages } from "./passages.ts";
import { type ReadDocumentOptions, readDocument } from "./read-document.ts";
import { ReaderThread } from "./reader-thread.ts";
import { type FoundFile, findDocuments, type SkippedFile } from "./walk-folder.ts";

export interface ReadFolderOptions extends Omit<ReadDocumentOptions, "id" | "thread"> {
  /** Told of each file of a folder that is no document. */
  readonly onSkip?: (skipped: SkippedFile) => void;
  /** Called with the error of each document that can't be read, which is then left out. Without it the first one is thrown. */
  readonly onBad?: (error: NearfoldError) => void;
  /** Called after each document, read or not. */
  readonly onProgress?: (progress: DocumentProgress) => void;
}

export interface DocumentProgress {
  readonly documents: number;
  readonly total: number;
}

export interface ReadPassagesOptions extends ReadFolderOptions, PassageOptions {}

/**
 * The documents at `path`, a file or a folder with all folders in it, in the order of their ids; one is read while the one before it is used.
 * @throws as `readDocument`
 */
export async function* readStructured(
  path: string,
  options: ReadFolderOptions = {},
): AsyncGenerator<StructuredDocument> {
  const { onSkip, onBad = raise, onProgress } = options;
  const files = await findDocuments(path, onSkip);
  await using thread = new ReaderThread();
  const start = (file: FoundFile | undefined) => file && attempt(file, { ...options, thread });
  let next = start(files[0]);
  for (let i = 0; i < files.length; i++) {
    const read = await next!;
    next = start(files[i + 1]);
    if (!(read instanceof NearfoldError)) yield read;
    else if (OURS.has(read.code)) throw read;
    else onBad(read);
    onProgress?.({ documents: i + 1, total: files.length });
  }
}

/**
 * The passages of the documents at `path`, in order.
 * @throws as `readDocument`; bad-argument
 */
export async function* readPassages(
  path: string,
  options: ReadPassagesOptions = {},
): AsyncGenerator<Passage> {
  for await (const document of readStructured(path, options)) yield* passages(document, options);
}

/** Errors as values: one that waits for its turn must not count as unhandled. */
async function attempt(
  { id, path }: FoundFile,
  options: ReadDocumentOptions,
): Promise<StructuredDocument | NearfoldError> {
  try {
    return await readDocument(path, { ...options, id });
  } catch (error) {
    if (error instanceof NearfoldError) return error;
    return new NearfoldError("bug", "a reader failed", { at: path, cause: error });
  }
}

/** What is no fault of a document's is thrown in any case. */
const OURS: ReadonlySet<ErrorCode> = new Set(["aborted", "bug", "bad-argument"]);

function raise(error: NearfoldError): void {
  throw error;
}
