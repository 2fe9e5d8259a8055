import { NearfoldError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Model } from "./model.ts";

/**
 * The name of the weight `[V, D]` that turns a model's token vectors into logits.
 * @throws unsupported for a model that is no language model, mismatch where its folder has no head
 */
export function languageHeadOf({
  name: at,
  architecture,
  config,
  weights,
}: Pick<Model<Tensor>, "name" | "architecture" | "config" | "weights">): string {
  const head = architecture.languageHead?.(config);
  if (head === undefined) {
    throw new NearfoldError("unsupported", "this architecture has no language model's head", {
      at,
    });
  }
  const wanted = [architecture.vocabSize(config), architecture.width(config)];
  const found = weights.get(head)?.shape;
  if (`${found}` === `${wanted}`) return head;
  throw new NearfoldError("mismatch", "the language model's head is not in the folder", {
    at,
    got: found ? `${head} [${found}]` : "no such tensor",
    wanted: `${head} [${wanted}]`,
    hint: "Take the folder of the language model itself; one saved without its head can't predict tokens",
  });
}
