/** What is written, looked at and cut into parts before anything is sent. */
import { NearfoldError } from "../../errors.ts";
import { compareText } from "../order.ts";
import type { Payload } from "../store.ts";

/** Bytes of an id: what a B-tree's page takes of a key. */
const MAX_ID = 2600;
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

/** Whether an id can be in the database at all: UTF-8, without NUL. */
export function isKeepable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/**
 * Payloads as JSON, null for none.
 * @throws bad-argument for a NUL or half a surrogate pair, which jsonb does not hold; too-large for an id of more than 2,600 bytes
 */
export function checkTexts(
  ids: readonly string[],
  payloads: readonly Payload[] | undefined,
  at: string,
): readonly (string | null)[] {
  return ids.map((id, i) => {
    const got = JSON.stringify(id.slice(0, 60));
    const bytes = Buffer.byteLength(id);
    if (bytes > MAX_ID) {
      const wanted = `at most ${MAX_ID} bytes`;
      throw new NearfoldError("too-large", "an id is too long", { at, got, wanted });
    }
    const json = payloads?.[i] ? JSON.stringify(payloads[i]) : null;
    // JSON writes both as escapes; what is a backslash itself comes as two.
    const escapes = json?.match(/\\(?:\\|u[0-9a-f]{4})/g) ?? [];
    const wrong = escapes.some((one) => one === "\\u0000" || /^\\ud[89a-f]/.test(one));
    if (isKeepable(id) && !wrong) return json;
    throw new NearfoldError("bad-argument", "PostgreSQL keeps no such text", {
      at,
      got: `a NUL or half a surrogate pair in ${isKeepable(id) ? "the payload of " : ""}id ${got}`,
      wanted: "text that UTF-8 can hold, without NUL",
    });
  });
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
