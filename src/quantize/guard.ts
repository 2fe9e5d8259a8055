/** Which layers are worth their codes: judged by what becomes of the vectors of texts. */
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { WeightFormats } from "../nn/weight-format.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { calibrateFormats } from "./calibrate.ts";
import { quantizeModel } from "./quantize-model.ts";

export interface GuardOptions {
  /** Texts like those that will be embedded; some hundred say enough. */
  readonly texts: readonly string[];
  /** The least mean cosine between a text's vector and that of the float model. @default 0.99 */
  readonly agreement?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GuardProgress) => void;
}

export interface GuardProgress {
  /** Weights tried alone. */
  readonly done: number;
  readonly total: number;
}

/** Cosines between a model's vectors and the float model's. */
export interface Agreement {
  readonly mean: number;
  readonly worst: number;
}

export interface Guarded {
  readonly model: Model<Tensor>;
  /** Of the model. */
  readonly agreement: Agreement;
  /** Of the model with nothing left float. */
  readonly unguarded: Agreement;
  /** What stayed float, the costliest first, and the agreement that each alone would have cost. */
  readonly kept: readonly { readonly weight: string; readonly cost: number }[];
}

/**
 * Quantizes, with the texts to calibrate by where a format is, and where the vectors then agree too little gives weights back their floats, first the one that alone costs most. Where even the last but one does
 * not reach the agreement, the model is float but for it.
 * @throws bad-argument for an agreement that is no cosine; bad-input without texts; aborted
 */
export async function quantizeGuarded(
  model: Model,
  asked: WeightFormats,
  { texts, agreement: floor = 0.99, signal, onProgress = () => {} }: GuardOptions,
): Promise<Guarded> {
  if (!(floor > 0 && floor < 1)) {
    const [got, wanted] = [`${floor}`, "between 0 and 1"];
    throw new NearfoldError("bad-argument", "the agreement is no cosine", { got, wanted });
  }
  if (texts.length === 0) throw new NearfoldError("bad-input", "there are no texts to judge by");
  const formats = await calibrateFormats(model, asked, { texts, ...(signal && { signal }) });
  const wanted = await vectorsOf(model, texts);
  const tryOut = async (some: WeightFormats) => {
    throwIfAborted(signal, "quantizing");
    const candidate = quantizeModel(model, some);
    return { model: candidate, agreement: agreementOf(wanted, await vectorsOf(candidate, texts)) };
  };
  let found = await tryOut(formats);
  const unguarded = found.agreement;
  if (unguarded.mean >= floor) return { ...found, unguarded, kept: [] };
  const costs: { weight: string; cost: number }[] = [];
  for (const [weight, format] of formats) {
    const { agreement } = await tryOut(new Map([[weight, format]]));
    costs.push({ weight, cost: 1 - agreement.mean });
    onProgress({ done: costs.length, total: formats.size });
  }
  costs.sort((a, b) => b.cost - a.cost);
  const left = new Map(formats);
  const kept: typeof costs = [];
  for (const each of costs.slice(0, -1)) {
    left.delete(each.weight);
    kept.push(each);
    found = await tryOut(left);
    if (found.agreement.mean >= floor) break;
  }
  return { ...found, unguarded, kept };
}

async function vectorsOf(model: Model<Tensor>, texts: readonly string[]) {
  await using encoder: Encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(texts);
  return { vectors, dims };
}

/** Rows of zeros on both sides agree. */
function agreementOf(
  { vectors: a, dims }: { readonly vectors: Float32Array; readonly dims: number },
  { vectors: b }: { readonly vectors: Float32Array },
): Agreement {
  const cosines = Array.from({ length: a.length / dims }, (_, row) => {
    let [dot, x, y] = [0, 0, 0];
    for (let i = row * dims; i < (row + 1) * dims; i++) {
      dot += a[i] * b[i];
      x += a[i] * a[i];
      y += b[i] * b[i];
    }
    return x === 0 && y === 0 ? 1 : dot / Math.max(Math.sqrt(x * y), 1e-30);
  });
  return {
    mean: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
    worst: Math.min(...cosines),
  };
}
