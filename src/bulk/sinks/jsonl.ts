import { setImmediate } from "node:timers/promises";
import type { Document } from "../../data/documents.ts";
import { openGrowingFiles } from "../growing-files.ts";
import type { SinkKind } from "../sink.ts";

const NAME = "vectors.jsonl";
/** Numbers between two looks at what else is to be done, such as the next batch. */
const SLICE_NUMBERS = 2 ** 14;

/** A line `{"id", "vector"}` for each text. */
export const jsonl: SinkKind = {
  results: [{ name: NAME, suffix: "" }],
  open: async ({ folder, model: { space } }, state) => {
    const growing = await openGrowingFiles(folder, [NAME], state);
    return {
      append: async (documents, vectors) => {
        for await (const lines of vectorLines(documents, vectors, space.dims)) {
          await growing.files[NAME].append(Buffer.from(lines));
        }
        await growing.sync();
      },
      state: growing.state,
      finish: growing.sync,
      [Symbol.asyncDispose]: () => growing[Symbol.asyncDispose](),
    };
  },
};

/** The lines of vectors `[N, dims]`, some at a time. */
export async function* vectorLines(
  documents: readonly Document[],
  vectors: Float32Array,
  dims: number,
): AsyncGenerator<string> {
  const slice = Math.ceil(SLICE_NUMBERS / dims);
  for (let start = 0; start < documents.length; start += slice) {
    const lines = documents.slice(start, start + slice).map(({ id }, i) => {
      const row = start + i;
      const vector = Array.from(vectors.subarray(row * dims, (row + 1) * dims));
      return `${JSON.stringify({ id, vector })}\n`;
    });
    yield lines.join("");
    await setImmediate();
  }
}
