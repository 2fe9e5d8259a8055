/** A batch cut into statements of a bounded size. */
import { compareText } from "../order.ts";

/** Rows and bytes of one statement. */
const PART_ROWS = 2000;
const PART_BYTES = 8 * 2 ** 20;

/** Some rows, in the order of their ids. */
export interface Part {
  readonly ids: readonly string[];
  readonly payloads: readonly (string | null)[];
  /** These rows of `[N, D]`. */
  gather(rows: Float32Array): Float32Array;
}

/** Rows in the order of their ids, in parts of at most 2,000 rows and about 8 MiB. */
export function partsOf(
  ids: readonly string[],
  payloads: readonly (string | null)[],
  dims: number,
): readonly Part[] {
  const order = ids.map((_, row) => row).sort((a, b) => compareText(ids[a], ids[b]));
  const parts: number[][] = [];
  let room = 0;
  for (const row of order) {
    const size = 2 * dims + ids[row].length + (payloads[row]?.length ?? 0);
    if (parts.length === 0 || room < size || parts.at(-1)!.length === PART_ROWS) {
      parts.push([]);
      room = PART_BYTES;
    }
    parts.at(-1)!.push(row);
    room -= size;
  }
  return parts.map((part) => ({
    ids: part.map((row) => ids[row]),
    payloads: part.map((row) => payloads[row]),
    gather: (rows) => {
      const out = new Float32Array(part.length * dims);
      part.forEach((row, i) => {
        out.set(rows.subarray(row * dims, (row + 1) * dims), i * dims);
      });
      return out;
    },
  }));
}
