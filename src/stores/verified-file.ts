/** Reading files whose length and hash are known. */
import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";

/** @throws bad-input for a file that is shorter; a longer one ends in an append that was never finished. */
export async function checkLength(handle: FileHandle, bytes: number, path: string): Promise<void> {
  const { size } = await handle.stat();
  if (size < bytes) throw damaged(path, "the file is cut short", `${size} bytes`, `${bytes}`);
}

/** Fills `into` from `position` of the file on. @throws bad-input where it ends before, io */
export async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle
      .read(into, done, into.length - done, position + done)
      .catch((cause) => {
        throw asIoError(cause, path, "read");
      });
    const wanted = `${position + into.length}`;
    if (bytesRead === 0)
      throw damaged(path, "the file is cut short", `${position + done} bytes`, wanted);
    done += bytesRead;
  }
}

/** @throws bad-input unless the hash of what was read is the recorded one. The hash stays usable. */
export function requireDigest(hash: Hash, wanted: string, path: string): void {
  const got = hash.copy().digest("hex");
  if (got !== wanted) throw damaged(path, "the contents were changed", `sha256 ${got}`, wanted);
}

/** The error for a file of an index that is not as it was written. */
export function damaged(at: string, what: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", what, { at, got, wanted, hint: "Build the index anew" });
}
