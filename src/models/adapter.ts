/** The matrices of a low-rank adaptation: beside a model's weights while they are trained, added to them when they are done. */
import { bug, NearfoldError } from "../errors.ts";
import { fillUniform } from "../graph/rng.ts";
import { type LoraConfig, type LoraSite, loraNames } from "../nn/lora.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

type Weights = ReadonlyMap<string, Tensor<"float32">>;

export interface Adapter {
  readonly config: LoraConfig;
  readonly sites: readonly LoraSite[];
  /** A `[rank, in]` and B `[out, rank]` of each site, by `loraNames`. */
  readonly weights: Weights;
}

/**
 * An adapter that changes nothing yet: A uniform within ± 1 / √in, B zero, as PEFT begins (tuners/lora/layer.py, `reset_lora_parameters`).
 * @throws bad-argument for a rank that no layer can have
 */
export function newAdapter(
  sites: readonly LoraSite[],
  config: LoraConfig,
  { seed }: { readonly seed: number },
): Adapter {
  requireRank(sites, config);
  const weights = new Map<string, Tensor<"float32">>();
  for (const [index, { weight, in: width, out }] of sites.entries()) {
    const [nameA, nameB] = loraNames(weight);
    const bound = 1 / Math.sqrt(width);
    const a = fillUniform(new Float32Array(config.rank * width), {
      seed,
      stream: [STREAM, index],
      low: -bound,
      high: bound,
    });
    weights.set(nameA, floats(a, [config.rank, width]));
    weights.set(nameB, floats(new Float32Array(out * config.rank), [out, config.rank]));
  }
  return { config, sites, weights };
}

const STREAM = 0x10a;

/** `B A` has at most the rank of the layer's narrower side: more is memory for nothing. */
function requireRank(sites: readonly LoraSite[], { rank }: LoraConfig): void {
  const most = Math.max(...sites.map((site) => Math.min(site.in, site.out)));
  if (Number.isInteger(rank) && rank >= 1 && rank <= most) return;
  const [got, wanted] = [`${rank}`, `a whole number from 1 to ${most}`];
  throw new NearfoldError("bad-argument", "no adapted layer can have this rank", { got, wanted });
}

/** The weights with `W + alpha / rank · B A` in place of each adapted one; the others are those given, not copies. */
export function mergeAdapter(base: Weights, { config, sites, weights }: Adapter): Weights {
  const merged = new Map(base);
  for (const site of sites) {
    const [a, b] = loraNames(site.weight).map((name) => weights.get(name));
    const frozen = base.get(site.weight);
    if (!a || !b || !frozen)
      throw bug("an adapter of a layer that is not there", { at: site.weight });
    const data = frozen.data.slice();
    addProduct(data, a, b, config.alpha / config.rank, site.outFirst);
    merged.set(site.weight, floats(data, frozen.shape));
  }
  return merged;
}

/** Adds `scale · B A` `[out, in]`, or its transpose. */
function addProduct(
  into: Float32Array,
  { data: a, shape: [rank, width] }: Tensor<"float32">,
  { data: b, shape: [out] }: Tensor<"float32">,
  scale: number,
  outFirst: boolean,
): void {
  const row = new Float64Array(width);
  for (let o = 0; o < out; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[o * rank + r];
      if (factor === 0) continue;
      for (let i = 0; i < width; i++) row[i] += factor * a[r * width + i];
    }
    for (let i = 0; i < width; i++) into[outFirst ? o * width + i : i * out + o] += row[i];
  }
}
