import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Document } from "../../data/documents.ts";
import { asIoError, writeDurably } from "../../durable.ts";
import { MANIFEST } from "../../stores/embedded/index.ts";
import { openEmbeddedStore } from "../../stores/index.ts";
import type { SinkKind } from "../sink.ts";

const NAME = "store";

/**
 * A folder that `nearfold search` searches, each vector with its text. Its manifest says what of its files counts, so the state is the manifest: put back, what
 * was written after it never was. An id has one place in it; who comes second is refused.
 */
export const store: SinkKind = {
  results: [{ name: NAME, suffix: "" }],
  folderWith: MANIFEST,
  open: async ({ folder, model, notes }, state) => {
    const place = join(folder, NAME);
    const manifest = join(place, MANIFEST);
    if (typeof state?.manifest === "string") await writeDurably(manifest, state.manifest);
    const opened = await openEmbeddedStore(place, { model, notes });
    /** Let in, and not yet there. */
    const coming = new Set<string>();
    return {
      refuse: async (documents) => {
        const there = await opened.get(documents.map(({ id }) => id));
        const refused = new Set<Document>();
        documents.forEach((document, i) => {
          if (there[i] === undefined && !coming.has(document.id)) coming.add(document.id);
          else refused.add(document);
        });
        return refused;
      },
      append: async (documents, vectors) => {
        const ids = documents.map(({ id }) => id);
        const payloads = documents.map(({ text }) => ({ text }));
        if (ids.length > 0) await opened.upsert(ids, vectors, { payloads });
        for (const id of ids) coming.delete(id);
      },
      state: async () => ({ manifest: await readText(manifest) }),
      // Whole after each append.
      finish: async () => {},
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  },
};

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((cause: unknown) => {
    throw asIoError(cause, path, "read");
  });
}
