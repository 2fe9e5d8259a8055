import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { fetchModel, type HubOptions } from "./fetch-model.ts";
import { isHubId } from "./id.ts";

/**
 * The folder that a person means: one on this disk as it is, a Hub id as what `fetchModel` gives for it.
 * @throws not-found for neither; as `fetchModel`
 */
export async function resolveModel(reference: string, options?: HubOptions): Promise<string> {
  if (await exists(reference)) return reference;
  if (isHubId(reference) && options) {
    return await fetchModel(reference, options).catch((cause: unknown) => {
      throw withoutFolder(reference, cause);
    });
  }
  throw new NearfoldError("not-found", "cannot read: no such file or folder", {
    at: reference,
    hint: isHubId(reference)
      ? "For a model of the Hub, say where its files go: { hub: { cache: FOLDER } }"
      : "A model of the Hub is called by its id, as org/name",
  });
}

/** Whoever mistyped a folder's name did not mean the Hub. */
function withoutFolder(reference: string, error: unknown): unknown {
  if (!(error instanceof NearfoldError) || error.details.at !== reference) return error;
  if (!["not-found", "forbidden", "io"].includes(error.code)) return error;
  const end = error.message.endsWith("?") ? "" : ".";
  const message = `${error.message}${end} A folder of this name is not there either`;
  return new NearfoldError(error.code, message, { cause: error });
}
