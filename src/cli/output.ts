/** Where a command will write. */
import { access, constants, mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asIoError } from "../durable.ts";

/** Said before an hour is spent, not after. @throws io when nothing can be written beside `path` */
export async function requireWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw asIoError(cause, path);
  }
}
