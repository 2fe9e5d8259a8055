import { realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { asIoError } from "../durable.ts";
import type { Placed } from "../onnx/initializer.ts";
import { dtypes } from "../tensor/dtype.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { sizeOf } from "../tensor/tensor.ts";

/**
 * Weights as parts of files in one folder, as ONNX Runtime takes them. It follows no link out of that folder, and a cache of the Hub's is made
 * of links: so the folder is the one that holds all their targets.
 * @throws not-found, io
 */
export async function placeWeights(weights: ReadonlyMap<string, StoredTensor>): Promise<{
  /** undefined where there are none. */
  readonly folder: string | undefined;
  readonly placed: ReadonlyMap<string, Placed>;
}> {
  const paths = new Set([...weights.values()].map(({ path }) => path));
  const real = new Map<string, string>();
  for (const path of paths) {
    const target = await realpath(path).catch((cause: unknown) => {
      throw asIoError(cause, path, "read");
    });
    real.set(path, target);
  }
  const folder = real.size > 0 ? commonFolder([...real.values()]) : undefined;
  const placed = [...weights].map(([name, { dtype, shape, path, offset }]) => {
    const location = relative(folder!, real.get(path)!).replaceAll(sep, "/");
    const length = sizeOf(shape) * dtypes[dtype].bytes;
    return [name, { dtype, shape, place: { location, offset, length } }] as const;
  });
  return { folder, placed: new Map(placed) };
}

/** The innermost folder that all of the files lie in. */
function commonFolder(files: readonly string[]): string {
  return files
    .map((file) => dirname(file))
    .reduce((common, folder) => {
      let shared = common;
      while (!`${folder}${sep}`.startsWith(shared.endsWith(sep) ? shared : `${shared}${sep}`)) {
        shared = dirname(shared);
      }
      return shared;
    });
}
