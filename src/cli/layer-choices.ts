/** Formats of single layers, as a person names them: `encoder.layer.0.*=float32,*.output.dense=int8`. */
import { InvalidArgumentError } from "commander";
import { NearfoldError } from "../errors.ts";
import { layerOf } from "../nn/linear-site.ts";
import type { WeightFormat } from "../nn/weight-format.ts";
import { weightFormats } from "../nn/weight-formats.ts";

export interface LayerChoice {
  /** A layer's whole name, in which `*` stands for anything. */
  readonly layers: string;
  /** undefined: float32. */
  readonly format: WeightFormat | undefined;
}

/** Of layers: those that have a product, and floats. */
const formats = new Map<string, WeightFormat | undefined>([
  ...Object.entries<WeightFormat>(weightFormats).filter(
    ([, { product, isFloat }]) => product ?? isFloat,
  ),
  ["float32", undefined],
]);

/** @throws commander's, for what is not LAYERS=FORMAT */
export function parseLayerChoices(text: string): readonly LayerChoice[] {
  return text.split(",").map((part) => {
    const [layers, name, ...more] = part.split("=").map((side) => side.trim());
    if (layers !== "" && name !== undefined && formats.has(name) && more.length === 0) {
      return { layers, format: formats.get(name) };
    }
    throw new InvalidArgumentError(
      `Not LAYERS=FORMAT, a format being ${[...formats.keys()].join(", ")}.`,
    );
  });
}

/**
 * The formats with each choice heeded, later ones over earlier ones.
 * @param weights of all layers, by name
 * @throws bad-argument for a choice that no layer fits
 */
export function chooseLayerFormats(
  chosen: ReadonlyMap<string, WeightFormat>,
  weights: readonly string[],
  choices: readonly LayerChoice[],
): Map<string, WeightFormat> {
  const all = new Map(chosen);
  for (const { layers, format } of choices) {
    const fits = weights.filter((weight) => matches(layers, layerOf(weight)));
    if (fits.length === 0) {
      throw new NearfoldError("bad-argument", "no layer has such a name", {
        at: "--layers",
        got: layers,
        wanted: `as ${weights.slice(0, 3).map(layerOf).join(", ")}`,
      });
    }
    for (const weight of fits) {
      if (format) all.set(weight, format);
      else all.delete(weight);
    }
  }
  return all;
}

/** Without a regular expression: patterns are typed by people, and names come from files. */
function matches(pattern: string, name: string): boolean {
  const [first, ...parts] = pattern.split("*");
  if (parts.length === 0) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(0, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = parts.at(-1)!;
  return name.length - last.length >= at && name.endsWith(last);
}
