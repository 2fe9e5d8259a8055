import { open } from "node:fs/promises";
import { basename } from "node:path";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { StructuredDocument } from "./document.ts";
import { ReaderThread } from "./reader-thread.ts";
import { documentKinds, type KindName, kindOf } from "./registry.ts";

export interface ReadDocumentOptions {
  /** What the document is called. @default the file's name */
  readonly id?: string;
  /** Bytes of the largest file taken. @default by kind: Markdown 16 MiB, HTML 32, plain text 64, PDF 128 */
  readonly maxBytes?: number | undefined;
  /** Until a document is given up. @default 120,000 */
  readonly timeoutMs?: number | undefined;
  /** Memory of the thread that reads, in MiB. @default 2048 */
  readonly maxHeapMb?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads what may be hostile. @default one of its own */
  readonly thread?: ReaderThread;
}

/**
 * A Markdown, HTML, plain text or PDF file with its structure.
 * @throws unsupported for another kind of file or an encrypted PDF; too-large past a bound, before it is read where it is the file's size;
 * bad-input for what is not of its kind; not-found, io, aborted
 */
export async function readDocument(
  path: string,
  options: ReadDocumentOptions = {},
): Promise<StructuredDocument> {
  const { id = basename(path).normalize("NFC"), timeoutMs = 120_000, maxHeapMb = 2048 } = options;
  const name = kindOf(path);
  if (name === undefined) throw notADocument(path);
  const kind = documentKinds[name];
  const bytes = await readWhole(path, options.maxBytes ?? kind.maxBytes);
  if (!kind.apart) return { id, ...(await kind.read(bytes, path)) };
  const limits = { timeoutMs, maxHeapMb, signal: options.signal };
  const request = { kind: name, bytes, at: path };
  if (options.thread) return { id, ...(await options.thread.read(request, limits)) };
  await using thread = new ReaderThread();
  return { id, ...(await thread.read(request, limits)) };
}

function notADocument(path: string): NearfoldError {
  const kinds = Object.keys(documentKinds) as KindName[];
  const extensions = kinds.flatMap((name) => documentKinds[name].extensions);
  const wanted = extensions.join(", ");
  return new NearfoldError("unsupported", "not a kind of document", { at: path, wanted });
}

/** @throws too-large, before it is read */
async function readWhole(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await using handle = await open(path, "r");
    const { size } = await handle.stat();
    // A file may grow while it is read.
    const bytes = new Uint8Array(Math.min(size, most) + 1);
    let filled = 0;
    for (let read = 1; size <= most && read > 0 && filled < bytes.length; filled += read) {
      ({ bytesRead: read } = await handle.read(bytes, filled, bytes.length - filled));
    }
    if (size <= most && filled <= most) return bytes.slice(0, filled);
    const hint = "Allow more with maxBytes, or cut it up";
    const [got, wanted] = [`${Math.max(size, filled)} bytes`, `at most ${most}`];
    throw new NearfoldError("too-large", "the document is too large", {
      at: path,
      got,
      wanted,
      hint,
    });
  } catch (cause) {
    throw cause instanceof NearfoldError ? cause : asIoError(cause, path, "read");
  }
}
