/** The body of a request, which may be anything, of any length, and take for ever. */
import { NearfoldError } from "../../errors.ts";

/** @throws bad-input for what is no JSON in UTF-8; too-large past `maxBytes`, at once where the length was said; aborted where it breaks off */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, maxBytes);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NearfoldError("bad-input", "the body is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The engine's message quotes the body.
    throw new NearfoldError("bad-input", "the body is not JSON", { cause });
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const said = Number(request.headers.get("content-length") ?? 0);
  if (said > maxBytes) throw tooLarge(`${said} bytes`, maxBytes);
  if (!request.body) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    // To stop reading cancels the stream.
    for await (const part of request.body) {
      length += part.length;
      if (length > maxBytes) throw tooLarge("more", maxBytes);
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof NearfoldError) throw cause;
    throw new NearfoldError("aborted", "the body broke off", { cause });
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

function tooLarge(got: string, maxBytes: number): NearfoldError {
  const wanted = `at most ${maxBytes} bytes`;
  return new NearfoldError("too-large", "the body is larger than it may be", { got, wanted });
}
