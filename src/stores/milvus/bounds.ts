/** What Milvus takes of each thing at most. Source: https://milvus.io/docs/limitations.md */
import { NearfoldError } from "../../errors.ts";
import type { Coded } from "./payload-code.ts";

/** Bytes of a text, hence of an id, and of a payload as it is kept. */
export const MAX_BYTES = 65_535;
export const MAX_DIMS = 32_768;
/** Rows of one answer. */
export const MAX_ROWS = 16_384;
/** Bytes of one message: the server takes 64 MiB. */
const MAX_MESSAGE = 32 * 2 ** 20;

/** @returns its bytes. @throws too-large; `at` names the row */
export function requireRoom(payload: Coded, at: string): number {
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes <= MAX_BYTES) return bytes;
  const [got, wanted] = [`${bytes} bytes as it is kept`, `at most ${MAX_BYTES}`];
  const hint = "Cut the document into passages";
  throw new NearfoldError("too-large", "Milvus takes no payload that long", {
    ...{ at, got, wanted, hint },
  });
}

/** More messages than one would not be all or none. @throws too-large */
export function requireMessage(bytes: number, at: string): void {
  if (bytes <= MAX_MESSAGE) return;
  const [got, wanted] = [`about ${bytes} bytes`, `at most ${MAX_MESSAGE}`];
  const hint = "Put fewer rows in at once";
  throw new NearfoldError("too-large", "Milvus takes no batch that large in one piece", {
    ...{ at, got, wanted, hint },
  });
}

/** @throws too-large */
export function requireHits(wanted: number, at: string): void {
  if (wanted <= MAX_ROWS) return;
  const got = `${wanted}, with those left out`;
  throw new NearfoldError("too-large", "Milvus gives no more hits than that", {
    ...{ at, got, wanted: `at most ${MAX_ROWS}` },
  });
}
