import { type FileHandle, open, readdir } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { parseText } from "../../data/fields.ts";
import { asIoError } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { attemptRow, type Source, type SourceRow, wellFormed } from "../source.ts";

/** What holds a text. */
const EXTENSIONS = [".txt", ".md"];
/** Bytes of one file: what a text of a million characters takes at most. */
const MAX_FILE_BYTES = 4_000_000;

/** A text for each `.txt` and `.md` of a folder and those in it, by name; its id is the way to it. Hidden ones and links are left out. */
export const folder: Source = async function* (path, { skip = 0 } = {}): AsyncGenerator<SourceRow> {
  const names = await textFiles(path);
  if (names.length === 0) {
    const wanted = `files in ${EXTENSIONS.join(" or ")}`;
    throw new NearfoldError("bad-input", "the folder holds no texts", { at: path, wanted });
  }
  for (let i = skip; i < names.length; i++) {
    const at = join(path, names[i]);
    const place = { at, share: (i + 1) / names.length };
    const bytes = await readFile(at).catch((error: unknown) => asIoError(error, at, "read"));
    yield attemptRow(place, () => {
      if (bytes instanceof Error) throw bytes;
      const text = parseText(decode(bytes, at), "text", at);
      return wellFormed({ id: names[i].split(sep).join("/"), text }, at);
    });
  }
};

/** Ways to the texts of a folder, in the order of their characters' codes. @throws not-found, io */
export async function textFiles(path: string): Promise<readonly string[]> {
  try {
    const found = await readdir(path, { withFileTypes: true, recursive: true });
    return found
      .filter((entry) => entry.isFile() && EXTENSIONS.includes(extname(entry.name).toLowerCase()))
      .map((entry) => relative(path, join(entry.parentPath, entry.name)))
      .filter((name) => !name.split(sep).some((part) => part.startsWith(".")))
      .sort((a, b) => (a < b ? -1 : 1));
  } catch (cause) {
    throw asIoError(cause, path, "read");
  }
}

/** @throws too-large, before it is read */
async function readFile(path: string): Promise<Uint8Array> {
  await using handle: FileHandle = await open(path, "r");
  const { size } = await handle.stat();
  if (size <= MAX_FILE_BYTES) return await handle.readFile();
  const [got, wanted] = [`${size} bytes`, `at most ${MAX_FILE_BYTES}`];
  throw new NearfoldError("too-large", "the file is too long", { at: path, got, wanted });
}

function decode(bytes: Uint8Array, at: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch (cause) {
    throw new NearfoldError("bad-input", "not UTF-8", { at, cause });
  }
}
