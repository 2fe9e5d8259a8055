/** What a quantization says of itself: in the model's card, and at its end. */
import type { RoledText } from "../data/index.ts";
import { type Lesson, measureAgreement } from "../distill/index.ts";
import { openEncoder } from "../encoder/index.ts";
import type { Card, Model } from "../models/model.ts";
import type { Guarded, Raised } from "../quantize/index.ts";
import type { Agreement, Space } from "../space.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Outcome } from "./command.ts";
import { describeAgreement, fitTo } from "./fitted.ts";
import type { QuantizeOptions } from "./quantization-options.ts";
import { table } from "./table.ts";
import { versionsNow } from "./version.ts";

export interface Quantization {
  readonly guarded: Guarded;
  /** The float model. */
  readonly origin: { readonly name: string; readonly space: Space };
  /** On texts that nothing was chosen by; absent where there are too few. */
  readonly agreement: Agreement | undefined;
  /** The formats that were asked for. */
  readonly weights: string;
  readonly tables: string;
  readonly options: QuantizeOptions;
}

/** How nearly the vectors of both agree; undefined without texts. */
export async function agreementOn(
  texts: readonly RoledText[],
  { model, quantized }: { readonly model: Model; readonly quantized: Model<Tensor> },
): Promise<Agreement | undefined> {
  if (texts.length === 0) return undefined;
  await using encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(texts.map(({ text }) => text));
  const lesson: Lesson = { texts, vectors: floats(vectors, [texts.length, dims]) };
  return await measureAgreement(quantized, lesson);
}

/** It may query the index of its float model, where it was measured how nearly their vectors agree. */
export function quantizedCard({ card }: Model, result: Quantization): Card {
  const { guarded, origin, agreement, weights, tables } = result;
  const { fitted: _, ...own } = card;
  const fitted = fitTo(origin, guarded.model, agreement);
  const versions = versionsNow();
  // What was measured of the float model does not hold for this one.
  const metrics = { cosineWithFloat: agreement?.cosine ?? guarded.agreement.mean };
  const training = { ...card.lineage.training, weights, tables };
  const lineage = { ...card.lineage, base: origin.name, training, versions, metrics };
  return { ...own, ...(fitted && { fitted }), lineage };
}

/** What the command says at the end. */
export function quantizationOutcome(
  { guarded, origin, agreement: heldOut, weights, tables, options }: Quantization,
  { float, texts }: { readonly float: Model; readonly texts: number },
): Outcome {
  const { model, agreement, unguarded, raised } = guarded;
  const { out, agreement: wanted } = options;
  const [bytes, floatBytes] = [bytesOf(model), bytesOf(float)];
  const { mean, min } = agreement;
  const reached =
    mean >= wanted ? [] : [`The ${wanted} that was asked for is not reached: use a finer format.`];
  const sizes = { bytes, floatBytes };
  return {
    json: {
      ...{ out, weights, tables, texts, ...sizes, agreement, unguarded, raised },
      ...(heldOut && { heldOut }),
    },
    text: [
      `${megabytes(bytes)} of weights, ${(floatBytes / bytes).toFixed(1)} times fewer than ${megabytes(floatBytes)}`,
      `Cosine with the float vectors of ${texts} texts: ${mean.toFixed(4)} in the mean, ${min.toFixed(4)} at worst`,
      ...raisedText(raised, `With all as ${weights} it was ${unguarded.mean.toFixed(4)}`),
      ...reached,
      ...(heldOut ? [describeAgreement(origin.name, heldOut)] : []),
      `The model is in ${out}.`,
    ].join("\n"),
  };
}

function raisedText(raised: readonly Raised[], without: string): readonly string[] {
  if (raised.length === 0) return [];
  const rows = raised.map(({ weight, format, cost }) => [weight, format, cost.toFixed(5)]);
  return [
    `${without}; so these have more bits, the costliest first:`,
    table(["layer", "format", "cost alone"], rows),
  ];
}

function bytesOf({ weights }: Pick<Model<Tensor>, "weights">): number {
  return [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
