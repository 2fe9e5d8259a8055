import { createReadStream } from "node:fs";
import { join } from "node:path";
import { readLines } from "../../data/lines.ts";
import { NearfoldError } from "../../errors.ts";
import { writeStreamedSafetensors } from "../../tensor/safetensors.ts";
import { openGrowingFiles } from "../growing-files.ts";
import type { SinkKind } from "../sink.ts";
import { bytesOf, idLines } from "./ids.ts";

const NAME = "vectors.safetensors";
const VECTORS = "vectors.f32";
const IDS = "ids.jsonl";
/** Of ids, as JSON: they stand in the header, which the format bounds by 100 MB. */
const MAX_ID_BYTES = 64_000_000;

/** The tensor `vectors` `[N, dims]`; the ids, as JSON, are in the metadata, beside the space. */
export const safetensors: SinkKind = {
  results: [{ name: NAME, suffix: "" }],
  open: async ({ folder, model: { space }, role }, state) => {
    const { dims, id, similarity } = space;
    const growing = await openGrowingFiles(folder, [VECTORS, IDS], state);
    const { [VECTORS]: vectors, [IDS]: ids } = growing.files;
    return {
      append: async (documents, found) => {
        await vectors.append(bytesOf(found));
        await ids.append(idLines(documents));
        if (ids.bytes > MAX_ID_BYTES) throw tooManyIds(folder);
        await growing.sync();
      },
      state: growing.state,
      finish: async () => {
        const names = vectors.bytes === 0 ? [] : await readIds(ids.path);
        const metadata = { ids: JSON.stringify(names), role, space: id, similarity };
        const shape = [vectors.bytes / (4 * dims), dims];
        const layout = { name: "vectors", dtype: "float32", shape } as const;
        await writeStreamedSafetensors(join(folder, NAME), layout, createReadStream(vectors.path), {
          metadata,
        });
      },
      [Symbol.asyncDispose]: () => growing[Symbol.asyncDispose](),
    };
  },
};

async function readIds(path: string): Promise<unknown[]> {
  return await Array.fromAsync(readLines(path), ({ text }) => JSON.parse(text));
}

function tooManyIds(at: string): NearfoldError {
  const what = "the ids are more than the header of a safetensors file can hold";
  const wanted = `at most ${MAX_ID_BYTES} bytes of them`;
  return new NearfoldError("too-large", what, {
    at,
    wanted,
    hint: "Choose .parquet or .npy for --out",
  });
}
