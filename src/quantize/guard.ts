/** Which layers are worth their codes: judged by what becomes of the vectors of texts. */
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { type VectorAgreement, vectorAgreement } from "../evaluate/index.ts";
import type { Model } from "../models/model.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { calibrateFormats } from "./calibrate.ts";
import { type Climber, nextToClimb } from "./ladder.ts";
import type { Moments } from "./moments.ts";
import { partsOf, quantizeModel } from "./quantize-model.ts";

export interface GuardOptions {
  /** Texts like those that will be embedded; some hundred say enough. One that has no vector in either model says nothing. */
  readonly texts: readonly string[];
  /** The least mean cosine between a text's vector and that of the float model. @default 0.99 */
  readonly agreement?: number;
  /** What a weight of a format may become before it is float again, the smallest first. @default nothing */
  readonly finer?: (format: WeightFormat) => readonly WeightFormat[];
  /** Of what the layers read, for formats that round by it. @default none */
  readonly moments?: Moments;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GuardProgress) => void;
}

export interface GuardProgress {
  /** Weights tried alone. */
  readonly done: number;
  readonly total: number;
}

export interface Guarded {
  readonly model: Model<Tensor>;
  /** Of the model. */
  readonly agreement: VectorAgreement;
  /** Of the model with every weight as it was asked for. */
  readonly unguarded: VectorAgreement;
  /** What got more bits, the costliest first. */
  readonly raised: readonly Raised[];
}

export interface Raised {
  readonly weight: string;
  /** What it is now: a format, or `float32`. */
  readonly format: string;
  /** The agreement that it alone would have cost. */
  readonly cost: number;
}

/**
 * Quantizes, with the texts to calibrate by where a format is, and where the vectors then agree too little gives weights more bits, always to the one that alone costs most, until they agree. Where even that does not
 * reach the agreement, the model is float but for one weight.
 * @throws bad-argument for an agreement that is no cosine; bad-input without texts that have vectors; aborted
 */
export async function quantizeGuarded(
  model: Model,
  formats: WeightFormats,
  options: GuardOptions,
): Promise<Guarded> {
  const { texts, agreement: floor = 0.99, finer = () => [], moments, signal } = options;
  if (!(floor > 0 && floor < 1)) {
    const [got, wanted] = [`${floor}`, "between 0 and 1"];
    throw new NearfoldError("bad-argument", "the agreement is no cosine", { got, wanted });
  }
  const wanted = await vectorsOf(model, texts);
  if (wanted.data.every((x) => x === 0)) {
    throw new NearfoldError("bad-input", "there are no texts to judge by");
  }
  const parts = partsOf(model, moments);
  const calibrated = (some: WeightFormats) => calibrateFormats(model, some, { texts, signal });
  const tryOut = async (some: WeightFormats) => {
    throwIfAborted(signal, "quantizing");
    const candidate = quantizeModel(model, some, parts);
    const found = await vectorsOf(candidate, texts);
    return { model: candidate, agreement: vectorAgreement([wanted, found]) };
  };
  let found = await tryOut(await calibrated(formats));
  const unguarded = found.agreement;
  const climbers = new Map<string, Climber>();
  const first = new Map<string, number>();
  const settle = async (climber: Omit<Climber, "cost">): Promise<void> => {
    const { weight, formats: own, rung } = climber;
    const alone = rung < own.length && (await tryOut(new Map([[weight, own[rung]]])));
    const cost = alone ? 1 - alone.agreement.mean : 0;
    if (!first.has(weight)) first.set(weight, cost);
    climbers.set(weight, { ...climber, cost });
  };
  if (unguarded.mean >= floor) return { ...found, unguarded, raised: [] };
  for (const [weight, own] of await rungsOf(formats, finer, calibrated)) {
    await settle({ weight, formats: own, rung: 0 });
    options.onProgress?.({ done: climbers.size, total: formats.size });
  }
  while (found.agreement.mean < floor) {
    const next = nextToClimb([...climbers.values()]);
    if (!next) break;
    await settle({ ...next, rung: next.rung + 1 });
    found = await tryOut(formatsOf(climbers.values()));
  }
  const raised = [...climbers.values()]
    .filter(({ rung }) => rung > 0)
    .map(({ weight, formats: own, rung }) => {
      return { weight, format: own[rung]?.name ?? "float32", cost: first.get(weight)! };
    });
  return { ...found, unguarded, raised: raised.sort((a, b) => b.cost - a.cost) };
}

/** What each weight may become, its own format first. */
async function rungsOf(
  formats: WeightFormats,
  finer: (format: WeightFormat) => readonly WeightFormat[],
  calibrated: (some: WeightFormats) => Promise<WeightFormats>,
): Promise<ReadonlyMap<string, readonly WeightFormat[]>> {
  const ladders = new Map([...formats].map(([name, format]) => [name, [format, ...finer(format)]]));
  const rungs = new Map([...formats.keys()].map((name) => [name, [] as WeightFormat[]]));
  const most = Math.max(...[...ladders.values()].map(({ length }) => length));
  for (let rung = 0; rung < most; rung++) {
    const there = [...ladders].filter(([, own]) => rung < own.length);
    const some = await calibrated(new Map(there.map(([name, own]) => [name, own[rung]])));
    for (const [name, format] of some) rungs.get(name)!.push(format);
  }
  return rungs;
}

/** Of those that are no floats. */
function formatsOf(climbers: Iterable<Climber>): WeightFormats {
  const coded = [...climbers].filter(({ rung, formats }) => rung < formats.length);
  return new Map(coded.map(({ weight, formats, rung }) => [weight, formats[rung]]));
}

async function vectorsOf(model: Model<Tensor>, texts: readonly string[]) {
  await using encoder: Encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(texts);
  return floats(vectors, [texts.length, dims]);
}
