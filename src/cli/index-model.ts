/** The model that asks an index: the one that it says, or another that may. */
import { adaptEncoder, findAdapter } from "../apps/migrate/index.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { type Fit, requireQuerySpace } from "../space.ts";
import type { VectorStore } from "../stores/index.ts";
import type { Context } from "./command.ts";
import { prefixSpace } from "./encoding.ts";
import { type ModelOptions, modelFolder, notedModel } from "./model-reference.ts";
import type { ProgressEvent } from "./progress.ts";
import { isFolder } from "./store-reference.ts";

export interface AskingOptions extends ModelOptions {
  readonly model?: string;
}

/**
 * Opens the encoder for queries of an index: its own model, one fitted to its space, or one for which there is an adapter.
 * @throws mismatch for any other
 */
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
  try {
    const adapted = await adapt(encoder, store, context);
    if (adapted) return adapted;
    const { fitted } = encoder;
    const asking = { ...prefixSpace(encoder, store.space.dims), ...(fitted && { fitted }) };
    const fit = requireQuerySpace(store, asking);
    if (fit) context.report(fitNote(encoder.name, fit));
    return encoder;
  } catch (error) {
    await encoder[Symbol.asyncDispose]();
    throw error;
  }
}

/** The encoder behind the adapter that lies beside an index, where it needs one and there is one. */
async function adapt(
  encoder: Encoder,
  store: VectorStore,
  { report }: Pick<Context, "report">,
): Promise<Encoder | undefined> {
  const { space, fitted } = encoder;
  if ([space.id, fitted?.space.id].includes(store.space.id) || !isFolder(store.name)) return;
  const adapter = await findAdapter(store.name, { asking: space, asked: store.space });
  if (!adapter) return undefined;
  const { recall, queries, documents } = adapter.measured;
  const share = `${Math.round(100 * recall)} % of the ten that it would find in an index of its own`;
  report({
    type: "note",
    text: `${encoder.name} asks the index of ${adapter.model} by an adapter: ${share}, on ${queries} queries among ${documents} documents`,
    data: { type: "adapted", model: adapter.model, ...adapter.measured },
  });
  return adaptEncoder(encoder, adapter);
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
