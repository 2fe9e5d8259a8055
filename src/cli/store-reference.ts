/** A store as a command is told of it: a folder, or the URL of a server. */
import { join } from "node:path";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { openStore, type VectorStore } from "../stores/index.ts";
import { isUrl, withoutSecrets } from "../stores/server-reference.ts";

/** How the help calls the argument. */
export const storeArgument =
  "an index: its folder, postgres://USER@HOST/DATABASE?index=NAME or milvus://HOST:PORT?index=NAME";

/** Whether a reference is a path in the file system. */
export function isFolder(reference: string): boolean {
  return !isUrl(reference);
}

/** Opens an index that is there. @throws not-found with a way to one, for a model's folder too */
export async function openIndex(
  reference: string,
  access: "read" | "write" = "read",
): Promise<VectorStore> {
  try {
    return await openStore(reference, { access });
  } catch (error) {
    if (!(error instanceof NearfoldError) || error.code !== "not-found") throw error;
    const isModel = isFolder(reference) && (await exists(join(reference, "config.json")));
    throw new NearfoldError("not-found", "there is no index here", {
      at: error.details.at ?? withoutSecrets(reference),
      ...(isModel && { got: "a model" }),
      hint: "Build one: nearfold index DOCUMENTS --model MODEL --store INDEX",
      cause: error,
    });
  }
}

/** The index of a reference, or undefined where there is none yet. */
export async function findIndex(reference: string): Promise<VectorStore | undefined> {
  try {
    return await openStore(reference, { access: "read" });
  } catch (error) {
    if (error instanceof NearfoldError && error.code === "not-found") return undefined;
    throw error;
  }
}
