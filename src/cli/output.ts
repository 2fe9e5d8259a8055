/** Where a command will write. */
import { access, constants, mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asIoError, exists, requireFreeFolder } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { CARD_FILE } from "../models/card.ts";
import { STATE_FILE } from "../train/checkpoint.ts";

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

/**
 * The place of a run's state, beside the folder that it will fill; said before an hour is spent, not after. The state of a run that was
 * stopped stays until this one has a state of its own.
 * @throws exists where a run was stopped that is neither resumed nor replaced; as `requireFree`
 */
export async function requireFreeRun(
  out: string,
  {
    replace,
    resume,
  }: { readonly replace?: boolean | undefined; readonly resume?: boolean | undefined },
): Promise<string> {
  const checkpoint = `${resolve(out)}.checkpoint`;
  await requireFree(out, { replace });
  await requireFreeFolder(checkpoint, { replace: STATE_FILE });
  if (resume || replace || !(await exists(checkpoint))) return checkpoint;
  throw new NearfoldError("exists", "a run to this folder was stopped before its end", {
    at: checkpoint,
    hint: "Go on with --resume, or begin anew with --replace",
  });
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
