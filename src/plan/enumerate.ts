/** All that could be served, before anything is known of it. */
import { NearfoldError } from "../errors.ts";
import { bytesPerVector, formatScheme, type VectorScheme } from "../vectors/index.ts";
import {
  bodiesOf,
  type GivenModel,
  layerCounts,
  type Processor,
  vectorAxis,
  weightAxis,
} from "./axes.ts";
import type { Backbone, Candidate, LeftOut, WeightChoice } from "./candidate.ts";

/** What a person wants tried instead of what the axes say. */
export interface AskedAxes {
  /** Counts of layers, and "static". */
  readonly students?: readonly (number | "static")[] | undefined;
  /** Formats of weights. */
  readonly weights?: readonly string[] | undefined;
}

export interface Enumerated {
  readonly candidates: readonly Candidate[];
  /** The given model as it is, its vectors in full: what all are compared with, wanted or not. */
  readonly reference: Candidate;
  /** Values of an axis that are not tried here. */
  readonly leftOut: readonly LeftOut[];
}

/** @throws bad-argument for layers that the model does not have, or a format of weights that there is not */
export function enumerateCandidates(
  model: GivenModel,
  on: Processor,
  { students, weights }: AskedAxes = {},
): Enumerated {
  const leftOut: LeftOut[] = [];
  const counts = students?.filter((student) => student !== "static") ?? layerCounts(model);
  requireLayers(counts, model);
  if (counts.length === 0 && students === undefined) {
    leftOut.push({ what: "fewer layers", why: "the model has none that could be left out" });
  }
  const bag = students ? students.includes("static") : !model.isStatic;
  if (!bag && !students) leftOut.push({ what: "a static student", why: "the model is static" });
  const choices = weightChoices(on, weights, leftOut);
  const bodies = bodiesOf(model, counts, bag);
  const backbones = bodies.flatMap((body) =>
    choices.flatMap((choice) => {
      // A bag of tokens has no linear layers.
      if (choice.layersOnly && body.share === 0) return [];
      const name = choice.quantize ? `${body.name}-${choice.name}` : body.name;
      return { name, body, weights: choice };
    }),
  );
  const candidates = backbones.flatMap(candidatesOf);
  const [given] = bodies;
  const float32 = { name: "float32", bytes: weightAxis.float32.bytes };
  const [reference] = candidatesOf({ name: given.name, body: given, weights: float32 });
  const known = candidates.find(({ id }) => id === reference.id);
  return { candidates, reference: known ?? reference, leftOut };
}

/** Each format at each width of the body. */
function candidatesOf(backbone: Backbone): readonly Candidate[] {
  const { widths } = backbone.body;
  return widths.flatMap((dims) =>
    vectorAxis.map(({ search, rescore }) => {
      const scheme: VectorScheme = {
        search: { type: search, dims },
        ...(rescore && { rescore: { type: rescore, dims } }),
      };
      const vectors = formatScheme(scheme, widths[0]);
      return {
        id: `${backbone.name} ${vectors}`,
        backbone,
        scheme,
        vectors,
        bytes: bytesOf(scheme),
      };
    }),
  );
}

/** Bytes of a vector in all formats of a scheme. */
export function bytesOf({ search, rescore }: VectorScheme): number {
  return bytesPerVector(search) + (rescore ? bytesPerVector(rescore) : 0);
}

/** Those that fit the processor, or those that are asked for; float32 is what all are compared with. */
function weightChoices(
  on: Processor,
  asked: readonly string[] | undefined,
  leftOut: LeftOut[],
): readonly WeightChoice[] {
  for (const name of asked ?? []) {
    if (Object.hasOwn(weightAxis, name)) continue;
    throw new NearfoldError("bad-argument", "no such format of weights", {
      at: "--weights",
      got: name,
      wanted: `some of ${Object.keys(weightAxis).join(", ")}`,
    });
  }
  return Object.entries(weightAxis).flatMap(([name, { unfit, asked: onRequest, ...choice }]) => {
    if (asked && !asked.includes(name)) return [];
    const why = unfit?.(on) ?? (asked ? undefined : onRequest);
    if (why === undefined) return [{ name, ...choice }];
    leftOut.push({ what: `weights in ${name}`, why });
    return [];
  });
}

function requireLayers(counts: readonly number[], { layers = 0 }: GivenModel): void {
  const wrong = counts.find((count) => count > layers);
  if (wrong === undefined) return;
  throw new NearfoldError("bad-argument", "the model does not have so many layers", {
    at: "--students",
    got: `${wrong}`,
    wanted: layers === 0 ? "static, the model has no layers" : `at most ${layers}`,
  });
}
