/** Low-rank adaptation (Hu et al., arXiv:2106.09685), as a rewrite of a graph: every linear layer may be adapted, whatever built it. */
import { NearfoldError } from "../errors.ts";
import { input, topological, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { add, concat, matmul, products, split } from "../graph/ops/index.ts";
import { rewrite } from "../graph/rewrite.ts";
import { alphaOf, type LinearSite, layerOf, siteOf } from "./linear-site.ts";

/** Which linear layers are adapted, and how; the terms are PEFT's. */
export interface LoraConfig {
  /** Rank of the adapters. */
  readonly rank: number;
  /** The adapters' output is scaled by `alpha / rank`. */
  readonly alpha: number;
  /**
   * Names of the layers, whole or their last parts (`q_proj`); or one regular expression for the whole name; or `all-linear`.
   */
  readonly targets: string | readonly string[];
}

/** The names of an adapter's two matrices: A `[rank, in]` and B `[out, rank]`. */
export function loraNames(weight: string): readonly [a: string, b: string] {
  const layer = layerOf(weight);
  return [`${layer}.lora_A.weight`, `${layer}.lora_B.weight`];
}

export interface Adapted {
  readonly values: readonly Value[];
  /** The adapted layers, in the order of the graph. */
  readonly sites: readonly LinearSite[];
  /** The graph inputs of the adapters, by name. */
  readonly weights: ReadonlyMap<string, Value>;
}

/**
 * Adds adapters to every linear layer whose name fits, a layer being a product with a graph input. Their matrices are graph inputs. Layers that
 * only come after the values `among` stay as they are.
 * @throws bad-argument for a name that no layer has, naming those there are
 */
export function addLora(
  values: readonly Value[],
  config: LoraConfig,
  { among = values }: { readonly among?: readonly Value[] } = {},
): Adapted {
  const { rank, alpha } = config;
  requireLayers(config.targets, among);
  const groups = sitesByInput(among, matcher(config.targets));
  const weights = new Map<string, Value>();
  const weightInput = (name: string, shape: readonly [number, number]): Value => {
    const value = weights.get(name) ?? input(name, "float32", shape);
    weights.set(name, value);
    return value;
  };
  const sites = new Map<string, LinearSite>();
  const narrow = new Map<Group, ReadonlyMap<string, Value>>();
  const adapted = rewrite(values, (node, original) => {
    const group = groups.get(original.inputs[0]!);
    const site = group?.get(siteOf(original)?.weight ?? "");
    if (!group || !site) return undefined;
    if (!narrow.has(group)) {
      const all = [...group.values()];
      const matrices = all.map((one) => weightInput(loraNames(one.weight)[0], [rank, one.in]));
      const parts = narrowed(node.inputs[0]!, matrices, rank);
      narrow.set(group, new Map(all.map(({ weight }, i) => [weight, parts[i]])));
    }
    sites.set(site.weight, site);
    const b = weightInput(loraNames(site.weight)[1], [site.out, rank]);
    const scale = (alpha / rank) * alphaOf(node);
    return [addProduct(node.outputs[0], narrow.get(group)!.get(site.weight)!, b, scale)];
  });
  return { values: adapted, sites: [...sites.values()], weights };
}

/** The layers that read the same rows, by weight: a weight may be read in several places, by other rows in each. */
type Group = ReadonlyMap<string, LinearSite>;

function sitesByInput(
  values: readonly Value[],
  fits: (layer: string) => boolean,
): Map<Value, Group> {
  const groups = new Map<Value, Map<string, LinearSite>>();
  for (const node of topological(values)) {
    const site = siteOf(node);
    if (!site || !fits(layerOf(site.weight))) continue;
    const x = node.inputs[0]!;
    const group = groups.get(x) ?? new Map<string, LinearSite>();
    groups.set(x, group.set(site.weight, site));
  }
  return groups;
}

/** `x Aᵀ` for each matrix, by one product: layers that read the same rows read them once. */
function narrowed(x: Value, matrices: readonly Value[], rank: number): readonly Value[] {
  if (matrices.length === 1) return [matmul(x, matrices[0], { transB: true })];
  const product = matmul(x, concat(matrices, 0), { transB: true });
  const sizes = matrices.map(() => rank);
  return split(product, sizes, x.shape.length - 1);
}

/** `y + scale · x Bᵀ`; one product that adds where the rows are a matrix. */
function addProduct(y: Value, x: Value, b: Value, scale: number): Value {
  if (y.shape.length === 2) {
    const attrs = { transB: 1, alpha: { float: scale } };
    return apply("Gemm", products.Gemm, [x, b, y], attrs);
  }
  return add(y, matmul(x, b, { transB: true, alpha: scale }));
}

/** PEFT's rule (tuners/tuners_utils.py, `check_target_module_exists`). */
export function matcher(targets: LoraConfig["targets"]): (layer: string) => boolean {
  if (targets === "all-linear") return () => true;
  if (typeof targets === "string") {
    const pattern = patternOf(targets);
    return (layer) => pattern.test(layer);
  }
  return (layer) => targets.some((target) => layer === target || layer.endsWith(`.${target}`));
}

function patternOf(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (cause) {
    throw new NearfoldError("bad-argument", "the layers to adapt are no regular expression", {
      got: source,
      cause,
    });
  }
}

/** Each of the names on its own: a misspelt one beside others would leave layers as they are, unnoticed. */
function requireLayers(targets: LoraConfig["targets"], values: readonly Value[]): void {
  const layers = topological(values)
    .flatMap((node) => siteOf(node)?.weight ?? [])
    .map(layerOf);
  const each = typeof targets === "string" ? [targets] : targets.map((target) => [target]);
  const unknown = each.filter((target) => !layers.some(matcher(target)));
  if (each.length > 0 && unknown.length === 0) return;
  const lastParts = [...new Set(layers.map((layer) => layer.split(".").at(-1)))];
  throw new NearfoldError("bad-argument", "no linear layer has such a name", {
    got: unknown.join(", "),
    wanted: `some of ${lastParts.join(", ") || "none: the model has no linear layer"}`,
  });
}
