/** Where a command will write. */
import { access, constants, mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asIoError, requireFreeFolder } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { CARD_FILE } from "../models/card.ts";

/** All that saving a model will ask of its place, said before an hour is spent, not after. @throws exists, io */
export async function requireFree(
  folder: string,
  { replace = false }: { readonly replace?: boolean | undefined } = {},
): Promise<void> {
  const found = await readdir(folder).catch(() => []);
  if (!replace && found.length > 0) {
    throw new NearfoldError("exists", "there is something already", {
      at: folder,
      hint: "Choose another --out, or allow it to be replaced with --replace",
    });
  }
  await requireFreeFolder(folder, { replace: CARD_FILE });
  await requireWritable(folder);
}

/** The same for a file. @throws io when nothing can be written beside `path` */
export async function requireWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw asIoError(cause, path);
  }
}
