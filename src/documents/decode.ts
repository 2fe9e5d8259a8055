/** Bytes of a text file as text. */
import { NearfoldError } from "../errors.ts";

const MARKS = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/**
 * By its byte order mark, else by `label` (a name of https://encoding.spec.whatwg.org), else as UTF-8. The mark is not part of the text.
 * @throws bad-input for bytes that are no such text, or hold a NUL, as no text does
 */
export function decodeText(bytes: Uint8Array, at: string, label = "utf-8"): string {
  const marked = MARKS.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte));
  const encoding = marked?.[0] ?? label;
  const text = decode(bytes, encoding, at);
  const nul = text.indexOf("\0");
  if (nul < 0) return text;
  throw new NearfoldError("bad-input", "not a text", { at, got: `a NUL at character ${nul}` });
}

function decode(bytes: Uint8Array, encoding: string, at: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NearfoldError("bad-input", `not ${encoding.toUpperCase()}`, { at, cause });
  }
}
