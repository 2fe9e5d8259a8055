/** What a server is sent, looked at before: texts that a database can hold. */
import { NearfoldError } from "../errors.ts";
import type { Payload } from "./payload.ts";

/** Whether an id can be in a database at all: UTF-8, without NUL. */
export function isKeepable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/**
 * Payloads as JSON, null for none.
 * @param maxId bytes that an id may have
 * @throws bad-argument for a NUL or half a surrogate pair, which databases do not hold; too-large for an id
 */
export function checkTexts(
  ids: readonly string[],
  payloads: readonly Payload[] | undefined,
  { name: at, maxId }: { readonly name: string; readonly maxId: number },
): readonly (string | null)[] {
  return ids.map((id, i) => {
    const got = JSON.stringify(id.slice(0, 60));
    if (Buffer.byteLength(id) > maxId) {
      const wanted = `at most ${maxId} bytes`;
      throw new NearfoldError("too-large", "an id is too long", { at, got, wanted });
    }
    const json = payloads?.[i] ? JSON.stringify(payloads[i]) : null;
    // JSON writes both as escapes; what is a backslash itself comes as two.
    const escapes = json?.match(/\\(?:\\|u[0-9a-f]{4})/g) ?? [];
    const wrong = escapes.some((one) => one === "\\u0000" || /^\\ud[89a-f]/.test(one));
    if (isKeepable(id) && !wrong) return json;
    throw new NearfoldError("bad-argument", "the server keeps no such text", {
      at,
      got: `a NUL or half a surrogate pair in ${isKeepable(id) ? "the payload of " : ""}id ${got}`,
      wanted: "text that UTF-8 can hold, without NUL",
    });
  });
}
