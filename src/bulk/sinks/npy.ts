import { openGrowingFiles } from "../growing-files.ts";
import type { SinkKind } from "../sink.ts";
import { bytesOf, idLines } from "./ids.ts";

const NAME = "vectors.npy";
const IDS = "ids.jsonl";
/** Room for any shape; a multiple of 64, so that data is aligned. */
const HEADER_BYTES = 128;

/**
 * numpy's format, version 1.0 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): float32 `[N, dims]`, which `numpy.load(…, mmap_mode="r")` maps.
 * Ids go to a file beside it, a JSON string a line.
 */
export const npy: SinkKind = {
  results: [
    { name: IDS, suffix: ".ids.jsonl" },
    { name: NAME, suffix: "" },
  ],
  open: async ({ folder, model: { space } }, state) => {
    const { dims } = space;
    const growing = await openGrowingFiles(folder, [NAME, IDS], state);
    const { [NAME]: vectors, [IDS]: ids } = growing.files;
    if (vectors.bytes === 0) await vectors.append(npyHeader(0, dims));
    return {
      append: async (documents, found) => {
        await vectors.append(bytesOf(found));
        await ids.append(idLines(documents));
        await growing.sync();
      },
      state: growing.state,
      finish: async () => {
        await vectors.overwrite(npyHeader((vectors.bytes - HEADER_BYTES) / (4 * dims), dims));
        await growing.sync();
      },
      [Symbol.asyncDispose]: () => growing[Symbol.asyncDispose](),
    };
  },
};

function npyHeader(rows: number, dims: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES, " ");
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  header.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dims}), }`, 10);
  header.write("\n", HEADER_BYTES - 1);
  return header;
}
