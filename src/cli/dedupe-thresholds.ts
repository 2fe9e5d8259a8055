/** From which similarity on two texts are duplicates: as it is typed, or by judged pairs. */
import {
  type Calibrated,
  calibrateThreshold,
  type JudgedPair,
  nearScores,
  refusals,
  type SemanticDuplicates,
} from "../apps/dedupe/index.ts";
import { readSts } from "../data/index.ts";
import { type Encoder, openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { cosines } from "../evaluate/index.ts";
import type { VectorStore } from "../stores/index.ts";
import { floats } from "../tensor/index.ts";
import type { Context } from "./command.ts";
import { type ModelOptions, modelFolder, notedModel } from "./model-reference.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import type { TextInput } from "./text-input.ts";

export interface ThresholdOptions extends ModelOptions, ReadingOptions {
  readonly near: boolean;
  readonly threshold?: number;
  readonly shingles: "characters" | "words";
  readonly shingleSize?: number;
  readonly model?: string;
  readonly cosine?: number;
  readonly pairs?: string;
  readonly precision: number;
  readonly facts: boolean;
}

/** A threshold, and what it was found by. */
export type Threshold = { readonly threshold: number } | Calibrated;

export interface Thresholds {
  /** Undefined for the default, and where near duplicates are left alone. */
  readonly near?: Threshold;
  readonly semantic?: SemanticDuplicates & { readonly found: Threshold };
}

/** Calibrated ones never are below it: bands that find less alike texts find nearly all texts. */
const LEAST_NEAR = 0.55;

/**
 * What the options ask for. A model, and the vectors of an index, are used where a cosine is given or can be found by pairs.
 * @throws bad-argument, unmet; as `readSts` and `openEncoder`
 */
export async function thresholdsOf(
  options: ThresholdOptions,
  { store }: Pick<TextInput, "store">,
  context: Context,
  closing: AsyncDisposableStack,
): Promise<Thresholds> {
  const { near, threshold, shingles: unit, shingleSize: size, model, cosine, facts } = options;
  const { precision } = options;
  const pairs = options.pairs === undefined ? undefined : await readJudged(options, context);
  const wantsVectors = model !== undefined || cosine !== undefined || (store && pairs);
  if (wantsVectors && cosine === undefined && !pairs) throw noCosine();
  if (wantsVectors && model === undefined && !store) throw noModel();
  const encoder =
    wantsVectors && (model !== undefined || (pairs && cosine === undefined))
      ? closing.use(await openEncoder(await folderOf(options, store, context)))
      : undefined;
  const shingled = nearScoresOf();
  const semantic = wantsVectors ? await cosineOf() : undefined;
  return {
    ...(shingled && { near: shingled }),
    ...(semantic && {
      semantic: {
        ...vectorsOf(encoder, model === undefined ? store : undefined),
        threshold: semantic.threshold,
        found: semantic,
      },
    }),
  };

  function nearScoresOf(): Threshold | undefined {
    if (!near) return undefined;
    if (threshold !== undefined) return { threshold };
    if (!pairs) return undefined;
    const scores = nearScores(pairs, { unit, ...(size !== undefined && { size }) }, { facts });
    const found = calibrateThreshold(
      scores,
      pairs.map(({ same }) => same),
      { precision },
    );
    return { ...found, threshold: Math.max(LEAST_NEAR, found.threshold) };
  }

  async function cosineOf(): Promise<Threshold> {
    if (cosine !== undefined) return { threshold: cosine };
    const left = near ? leftByNear(pairs!, shingled?.threshold) : pairs!;
    const refused = facts ? refusals(left) : [];
    const dims = (model === undefined && store?.space.dims) || encoder!.space.dims;
    const scores = await cosinesOf(encoder!, left, dims, context);
    const judged = scores.map((score, i) => (refused[i] ? Number.NaN : score));
    return calibrateThreshold(
      judged,
      left.map(({ same }) => same),
      { precision },
    );
  }

  /** Pairs that the step before would not join, which are those that a cosine decides on; all, where these are few. */
  function leftByNear(pairs: readonly JudgedPair[], least = LEAST_NEAR): readonly JudgedPair[] {
    const scores = nearScores(pairs, { unit, ...(size !== undefined && { size }) }, { facts });
    const left = pairs.filter((_, i) => !(scores[i] >= least));
    const same = left.filter((pair) => pair.same).length;
    return same >= ENOUGH && same < left.length ? left : pairs;
  }
}

/** Pairs that are the same and that shingles do not tell: fewer prove no precision. */
const ENOUGH = 300;

async function readJudged(
  { pairs = "", ...options }: ThresholdOptions,
  { report }: Context,
): Promise<readonly JudgedPair[]> {
  const { rows } = await readAll(pairs, readSts, options, report);
  return rows.map(({ sentence1, sentence2, score }, i) => {
    if (score !== 0 && score !== 1) {
      const at = `${pairs}, pair ${i + 1}`;
      const [got, wanted] = [String(score), "1 for the same thing, 0 for two"];
      throw new NearfoldError("bad-input", "the score is no judgement", { at, got, wanted });
    }
    return { texts: [sentence1, sentence2], same: score === 1 };
  });
}

async function folderOf(
  { model, ...options }: ThresholdOptions,
  store: VectorStore | undefined,
  context: Context,
): Promise<string> {
  if (model !== undefined) return await modelFolder(model, options, context);
  return await notedModel(store!, options, context);
}

async function cosinesOf(
  encoder: Encoder,
  pairs: readonly JudgedPair[],
  dims: number,
  { signal }: Context,
): Promise<readonly number[]> {
  const [a, b] = [0, 1].map((side) => pairs.map(({ texts }) => texts[side]));
  const encode = async (texts: readonly string[]) => {
    const { vectors } = await encoder.encode(texts, { dims, signal });
    return floats(vectors, [texts.length, dims]);
  };
  return Array.from(cosines(await encode(a), await encode(b)));
}

function vectorsOf(
  encoder: Encoder | undefined,
  store: VectorStore | undefined,
): Pick<SemanticDuplicates, "vectors" | "dims"> {
  if (store) {
    const { dims } = store.space;
    return {
      dims,
      vectors: async (rows) => {
        const found = await store.get(
          rows.map(({ id }) => id),
          { vectors: true },
        );
        const vectors = new Float32Array(rows.length * dims);
        found.forEach((row, i) => {
          if (row?.vector) vectors.set(row.vector, i * dims);
        });
        return vectors;
      },
    };
  }
  return {
    dims: encoder!.space.dims,
    vectors: async (rows, { signal }) =>
      (
        await encoder!.encode(
          rows.map(({ text }) => text),
          { signal: signal! },
        )
      ).vectors,
  };
}

function noCosine(): NearfoldError {
  return new NearfoldError("bad-argument", "nobody says which cosine makes a duplicate", {
    wanted: "--cosine X, or --pairs FILE to find it by",
    hint: "Each model has its own: judge a hundred pairs or more",
  });
}

function noModel(): NearfoldError {
  return new NearfoldError("bad-argument", "a cosine is of vectors", {
    at: "--cosine",
    wanted: "--model MODEL beside it, or an index",
  });
}
