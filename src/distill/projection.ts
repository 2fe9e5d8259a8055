/** A student's way into the space of a wider teacher. */
import { NearfoldError } from "../errors.ts";
import { fillNormal } from "../graph/rng.ts";
import { newCard } from "../models/card.ts";
import { layerFolder, widthOf } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { floats } from "../tensor/tensor.ts";

/**
 * The student with a dense layer `[width, its own]` at its end, which is trained with it and kept: so its vectors are of the teacher's
 * width, and may query the teacher's index. It begins at N(0, 1 / in).
 */
export function withProjection(
  student: Model,
  width: number,
  { seed = 42 }: { readonly seed?: number } = {},
): Model {
  const { head, architecture, prompts, card } = student;
  const own = widthOf(student);
  const ends = head.layers.findIndex(({ type }) => type === "normalize");
  const at = ends < 0 ? head.layers.length : ends;
  if (head.layers.length > at + 1) {
    throw new NearfoldError("unsupported", "its head goes on after its vectors have length 1", {
      at: student.name,
    });
  }
  const dense = {
    in: own,
    out: width,
    bias: false,
    activation: "Identity",
    residual: false,
  } as const;
  const layers = head.layers.toSpliced(at, 0, { type: "dense", ...dense });
  const wider = { ...head, layers };
  const std = 1 / Math.sqrt(own);
  const matrix = fillNormal(new Float32Array(width * own), { seed, std });
  const name = `${layerFolder(architecture, wider, at)}.linear.weight`;
  return {
    ...student,
    head: wider,
    weights: new Map(student.weights).set(name, floats(matrix, [width, own])),
    card: newCard(width, prompts, card.space.similarity),
  };
}
