/** Where a command will write. */
import { access, constants, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";

/** Said before an hour is spent, not after. @throws exists for a place that a model's folder can't have; io */
export async function requireFree(
  folder: string,
  { replace = false }: { readonly replace?: boolean | undefined } = {},
): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw new NearfoldError("exists", "a file is in the way", { at: folder });
  }
  if (found && !replace && (await readdir(folder)).length > 0) {
    throw new NearfoldError("exists", "there is something already", {
      at: folder,
      hint: "Choose another --out, or allow it to be replaced with --replace",
    });
  }
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
