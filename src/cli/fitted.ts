/** Whether a model may query the index of another. */
import { spaceOf } from "../models/fingerprint.ts";
import { widthOf } from "../models/head.ts";
import type { FittedWeights, Model } from "../models/model.ts";
import type { Agreement, Space } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Of vectors farther apart, those of the one find little among those of the other: an objective of similarities alone gives such. */
const LEAST_COSINE = 0.5;

/** What its card says of the space of the model that it was made of; undefined where their vectors are not alike, or nobody knows. */
export function fitTo(
  { name, space }: { readonly name: string; readonly space?: Space },
  model: Model<Tensor>,
  agreement: Agreement | undefined,
): FittedWeights | undefined {
  const { cosine = 0 } = agreement ?? {};
  if (!agreement || !space || cosine < LEAST_COSINE || widthOf(model) !== space.dims) {
    return undefined;
  }
  return { space, teacher: name, agreement, of: spaceOf(model).id };
}

/** For people. */
export function describeAgreement(name: string, { texts, cosine, overlap }: Agreement): string {
  const figures = [
    ...(cosine === undefined ? [] : [`mean cosine ${cosine.toFixed(4)}`]),
    `${(100 * overlap).toFixed(1)} % of the 10 nearest shared`,
  ];
  return `Agreement with ${name} on ${texts} held-out texts: ${figures.join(", ")}`;
}
