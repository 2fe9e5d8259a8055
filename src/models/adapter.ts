/** The matrices of a low-rank adaptation: beside a model's weights while they are trained, added to them when they are done. */
import { createHash } from "node:crypto";
import { bug, NearfoldError } from "../errors.ts";
import { fillUniform } from "../graph/rng.ts";
import type { LinearSite } from "../nn/linear-site.ts";
import { type LoraConfig, loraNames } from "../nn/lora.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

type Weights = ReadonlyMap<string, Tensor<"float32">>;

export interface Adapter {
  readonly config: LoraConfig;
  readonly sites: readonly LinearSite[];
  /** A `[rank, in]` and B `[out, rank]` of each site, by `loraNames`. */
  readonly weights: Weights;
  /** SHA-256 of each site's frozen weight, by name: what the matrices were trained beside. */
  readonly base: ReadonlyMap<string, string>;
}

/** Of the weights that sites read, as float32. */
export function digestsOf(
  base: Pick<Weights, "get">,
  sites: readonly LinearSite[],
): Map<string, string> {
  return new Map(
    sites.map(({ weight }) => {
      const { buffer, byteOffset, byteLength } = base.get(weight)!.data;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      return [weight, createHash("sha256").update(bytes).digest("hex")];
    }),
  );
}

/**
 * An adapter beside `base` that changes nothing yet: A uniform within ± 1 / √in, B zero, as PEFT begins (tuners/lora/layer.py, `reset_lora_parameters`).
 * @throws bad-argument for a rank that no layer can have
 */
export function newAdapter(
  sites: readonly LinearSite[],
  config: LoraConfig,
  { base, seed }: { readonly base: Pick<Weights, "get">; readonly seed: number },
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
  return { config, sites, weights, base: digestsOf(base, sites) };
}

const STREAM = 0x10a;

/** `B A` has at most the rank of the layer's narrower side: more is memory for nothing. */
function requireRank(sites: readonly LinearSite[], { rank }: LoraConfig): void {
  const most = Math.max(...sites.map((site) => Math.min(site.in, site.out)));
  if (Number.isInteger(rank) && rank >= 1 && rank <= most) return;
  const [got, wanted] = [`${rank}`, `a whole number from 1 to ${most}`];
  throw new NearfoldError("bad-argument", "no adapted layer can have this rank", { got, wanted });
}

/** The weights with `W + alpha / rank · B A` in place of each adapted one; the others are those given, not copies. */
export function mergeAdapter(
  base: Weights,
  { config, sites, weights }: Omit<Adapter, "base">,
): Weights {
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

/**
 * Two adapters as one, the second trained beside weights that the first had been merged into: `s₁ B₁ A₁ + s₂ B₂ A₂`, with the matrices one after
 * the other and both factors in B. It belongs to the base of the first.
 */
export function stackAdapters(first: Adapter, second: Adapter): Adapter {
  const both = [first, second];
  const sites = new Map(both.flatMap(({ sites }) => sites.map((site) => [site.weight, site])));
  const rank = first.config.rank + second.config.rank;
  const weights = new Map<string, Tensor<"float32">>();
  for (const { weight, in: width, out } of sites.values()) {
    const [nameA, nameB] = loraNames(weight);
    const [a, b] = [new Float32Array(rank * width), new Float32Array(out * rank)];
    let from = 0;
    for (const { config, weights: own } of both) {
      const [ownA, ownB] = [own.get(nameA), own.get(nameB)];
      if (ownA && ownB) {
        a.set(ownA.data, from * width);
        const scale = config.alpha / config.rank;
        for (const [i, value] of ownB.data.entries()) {
          const [row, column] = [Math.floor(i / config.rank), i % config.rank];
          b[row * rank + from + column] = scale * value;
        }
      }
      from += config.rank;
    }
    weights.set(nameA, floats(a, [rank, width]));
    weights.set(nameB, floats(b, [out, rank]));
  }
  const targets = [...sites.keys()].map((weight) => weight.replace(/\.weight$/, ""));
  const base = new Map([...second.base, ...first.base]);
  return { config: { rank, alpha: rank, targets }, sites: [...sites.values()], weights, base };
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
