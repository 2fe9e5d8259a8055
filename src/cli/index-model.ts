/** The model that asks an index: the one that it says, or another that may. */
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { type Fit, requireQuerySpace } from "../space.ts";
import type { VectorStore } from "../stores/index.ts";
import type { Context } from "./command.ts";
import { prefixSpace } from "./encoding.ts";
import { type ModelOptions, modelFolder, notedModel } from "./model-reference.ts";
import type { ProgressEvent } from "./progress.ts";

export interface AskingOptions extends ModelOptions {
  readonly model?: string;
}

/** Opens the encoder for queries of an index. @throws mismatch for a model of another space */
export async function openAsking(
  store: VectorStore,
  options: AskingOptions,
  context: Context,
): Promise<Encoder> {
  const { model } = options;
  const found =
    model === undefined
      ? await notedModel(store, options, context)
      : await modelFolder(model, options, context);
  const encoder = await openEncoder(found);
  const { fitted } = encoder;
  const asking = { ...prefixSpace(encoder, store.space.dims), ...(fitted && { fitted }) };
  try {
    const fit = requireQuerySpace(store, asking);
    if (fit) context.report(fitNote(encoder.name, fit));
    return encoder;
  } catch (error) {
    await encoder[Symbol.asyncDispose]();
    throw error;
  }
}

/** How far hits are to be trusted that a fitted model finds in another's index. */
function fitNote(name: string, { teacher, agreement }: Fit): ProgressEvent {
  const { texts, cosine, overlap } = agreement;
  const figures = [
    ...(cosine === undefined ? [] : [`mean cosine ${cosine.toFixed(3)}`]),
    `${Math.round(100 * overlap)} % of the 10 nearest shared`,
  ];
  return {
    type: "note",
    text: `${name} asks in the space of ${teacher}, to which it was fitted: ${figures.join(", ")}, on ${texts} texts`,
    data: { type: "fitted", teacher, ...agreement },
  };
}
