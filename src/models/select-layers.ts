/** A model with fewer layers: those that are named, with their weights. */
import { NearfoldError } from "../errors.ts";
import type { NumberedLayers } from "./architecture.ts";
import { weightShapes } from "./checkpoint.ts";
import { configReader } from "./config.ts";
import type { Model } from "./model.ts";

/** How many layers a model has. @throws unsupported for one that has none with numbers: a static table, an imported graph */
export function layerCount(model: Pick<Model, "name" | "architecture" | "weights">): number {
  const split = splitBy(layersOf(model));
  const numbers = [...model.weights.keys()].flatMap((name) => split(name)?.number ?? []);
  return 1 + Math.max(...numbers);
}

/**
 * The model with these layers alone, in their order; all else is shared with the model given, which is left as it was. Its space is another.
 * @param chosen numbers from 0, rising
 * @throws unsupported as `layerCount`; bad-argument for layers that it does not have, or no rising order
 */
export function selectLayers(model: Model, chosen: readonly number[]): Model {
  const { architecture, name } = model;
  const layers = layersOf(model);
  const count = layerCount(model);
  const rising = chosen.every(
    (layer, i) => Number.isInteger(layer) && layer < count && layer > (chosen[i - 1] ?? -1),
  );
  if (!rising || chosen.length === 0) {
    throw new NearfoldError("bad-argument", "the model cannot be cut to these layers", {
      at: name,
      got: chosen.join(", ") || "none",
      wanted: `some of 0 to ${count - 1}, rising`,
    });
  }
  const configJson = configOf(model, layers, chosen);
  const config = architecture.parseConfig(configReader(configJson, name));
  const read = weightShapes(architecture, config, model.head);
  const renamed = [...model.weights].flatMap(([weight, value]) => {
    const to = renamedBy(layers, chosen, weight);
    // A first layer may lack a norm that the others have.
    const isOurs = to !== undefined && (read.has(to) || architecture.kept?.test(to));
    return isOurs ? [[to, value] as const] : [];
  });
  const { adapter: _, ...bare } = model;
  return { ...bare, configJson, config, weights: new Map(renamed) };
}

function layersOf({ name, architecture }: Pick<Model, "name" | "architecture">): NumberedLayers {
  if (architecture.layers) return architecture.layers;
  throw new NearfoldError("unsupported", "the model has no layers that could be left out", {
    at: name,
    got: architecture.imported ? "an imported graph" : "a table of token vectors",
    wanted: "a transformer's folder",
  });
}

function configOf(
  { configJson, config }: Model,
  { count, types }: NumberedLayers,
  chosen: readonly number[],
): Readonly<Record<string, unknown>> {
  const all = types?.(config);
  return {
    ...configJson,
    ...Object.fromEntries(
      count.filter((key) => key in configJson).map((key) => [key, chosen.length]),
    ),
    ...(all && { layer_types: chosen.map((layer) => all[layer]) }),
  };
}

/** What a weight is called once only these layers are left; undefined where it goes with its layer. */
function renamedBy(
  layers: NumberedLayers,
  chosen: readonly number[],
  name: string,
): string | undefined {
  const parts = splitBy(layers)(name);
  if (!parts || layers.first?.test(name)) return name;
  const to = chosen.indexOf(parts.number);
  return to < 0 ? undefined : `${layers.prefix}.${to}.${parts.rest}`;
}

/** `encoder.layer.3.output.bias` as 3 and `output.bias`; undefined for a weight of no layer. */
function splitBy({ prefix }: NumberedLayers) {
  return (name: string): { readonly number: number; readonly rest: string } | undefined => {
    if (!name.startsWith(`${prefix}.`)) return undefined;
    const [, number, rest] = /^(\d+)\.(.+)$/.exec(name.slice(prefix.length + 1)) ?? [];
    return rest === undefined ? undefined : { number: Number(number), rest };
  };
}
