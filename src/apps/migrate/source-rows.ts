import type { SourceRow } from "../../bulk/source.ts";
import { NearfoldError } from "../../errors.ts";
import type { Payload, Stored, VectorStore } from "../../stores/index.ts";

/**
 * The rows of an index as an input of another: texts and fields from their payloads.
 * @param onId called with each id
 * @throws unsupported for a row whose payload holds no text
 */
export async function* sourceRows(
  store: VectorStore,
  onId: (id: string) => void = () => {},
): AsyncGenerator<SourceRow> {
  const total = Math.max(1, await store.count());
  let read = 0;
  for await (const row of store.rows()) {
    onId(row.id);
    yield toRow(row, store.name, Math.min(1, ++read / total));
  }
}

/** The same of some rows, those that are there. */
export async function* storedRows(
  store: VectorStore,
  ids: readonly string[],
): AsyncGenerator<SourceRow> {
  for (const row of await store.get(ids)) if (row) yield toRow(row, store.name, 1);
}

function toRow(row: Stored, at: string, share: number): SourceRow {
  const { text: _, ...metadata } = row.payload ?? {};
  const document = { id: row.id, text: textOf(row, at), metadata: metadata as Payload };
  return { at: `${at}, id ${row.id}`, share, document };
}

/** @throws unsupported where there is none */
export function textOf({ id, payload }: Stored, at: string): string {
  if (typeof payload?.text === "string") return payload.text;
  throw new NearfoldError("unsupported", "a row of the index holds no text to embed again", {
    at,
    got: `id ${JSON.stringify(id.slice(0, 60))}`,
    wanted: '"text" in its payload',
    hint: "Build the new index from the documents: nearfold index, then nearfold alias",
  });
}
