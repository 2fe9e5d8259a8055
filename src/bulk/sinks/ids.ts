import type { Document } from "../../data/documents.ts";

/** Ids as JSON strings, one a line: for formats that hold numbers alone. */
export function idLines(documents: readonly Document[]): Uint8Array {
  return Buffer.from(documents.map(({ id }) => `${JSON.stringify(id)}\n`).join(""));
}

/** The bytes of vectors as they lie in memory, which is little-endian wherever Node runs. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
