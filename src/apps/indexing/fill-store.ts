import { isDeepStrictEqual } from "node:util";
import { encodeWindows } from "../../bulk/encode-windows.ts";
import type { SourceRow } from "../../bulk/source.ts";
import { type Window, type WindowDocument, windowsOf } from "../../bulk/window.ts";
import type { Encoder } from "../../encoder/index.ts";
import type { Payload, VectorStore } from "../../stores/index.ts";

export interface FillOptions {
  /** Leading dimensions. @default the store's */
  readonly dims?: number;
  /** Rows that are written together: a kill loses at most the work on two times as many. @default 4096 */
  readonly windowRows?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch, with the documents that are done, those that were there already among them. */
  readonly onProgress?: (documents: number) => void;
  /** Called with the vectors `[N, D]` that go into the store, before they do. */
  readonly onVectors?: (ids: readonly string[], vectors: Float32Array) => void;
}

/** What came of it. */
export interface Filled {
  readonly documents: number;
  /** Of these, the new and the changed. */
  readonly encoded: number;
  /** Of these, those that were longer than the model reads. */
  readonly truncated: number;
}

const WINDOW_ROWS = 4096;
/** UTF-16 units of a window's texts: 32 MB. */
const WINDOW_CHARACTERS = 2 ** 24;

/**
 * Brings a store up to date with documents, each with its text and metadata as payload: what is there with the same payload is left alone, so
 * a run that was stopped goes on where it was when it is started again. While one window is written the next is encoded.
 * @param rows whose ids are all different
 * @throws a row's error; as `Encoder.encode` and `VectorStore.upsert`
 */
export async function fillStore(
  store: VectorStore,
  encoder: Encoder,
  rows: AsyncIterable<SourceRow>,
  options: FillOptions = {},
): Promise<Filled> {
  const { dims = store.space.dims, windowRows = WINDOW_ROWS, signal } = options;
  const limits = { rows: windowRows, characters: WINDOW_CHARACTERS };
  let [documents, unchanged, encoded, truncated] = [0, 0, 0, 0];
  const fresh = async function* (): AsyncGenerator<Window> {
    for await (const window of windowsOf(sound(rows), limits)) {
      const changed = await changedIn(store, window.documents);
      documents += window.documents.length;
      unchanged += window.documents.length - changed.length;
      options.onProgress?.(unchanged + encoded);
      if (changed.length > 0) yield { ...window, documents: changed };
    }
  };
  const encoding = { role: "document", dims, signal } as const;
  const onProgress = ({ texts }: { readonly texts: number }) =>
    options.onProgress?.(unchanged + texts);
  for await (const window of encodeWindows(encoder, fresh(), { ...encoding, onProgress })) {
    const ids = window.documents.map(({ id }) => id);
    options.onVectors?.(ids, window.vectors);
    await store.upsert(ids, window.vectors, { payloads: window.documents.map(payloadOf) });
    encoded += ids.length;
    truncated += window.truncated.length;
  }
  return { documents, encoded, truncated };
}

function payloadOf({ text, metadata }: Pick<WindowDocument, "text" | "metadata">): Payload {
  return { text, ...metadata };
}

/** Documents that are not in the store as they are. */
async function changedIn(
  store: VectorStore,
  documents: readonly WindowDocument[],
): Promise<readonly WindowDocument[]> {
  const there = await store.get(documents.map(({ id }) => id));
  // As JSON has it: undefined is absent, and -0 is 0.
  const plain = (payload: Payload) => JSON.parse(JSON.stringify(payload)) as Payload;
  return documents.filter(
    (document, i) => !isDeepStrictEqual(there[i]?.payload, plain(payloadOf(document))),
  );
}

async function* sound(rows: AsyncIterable<SourceRow>): AsyncGenerator<SourceRow> {
  for await (const row of rows) {
    if ("error" in row) throw row.error;
    yield row;
  }
}
