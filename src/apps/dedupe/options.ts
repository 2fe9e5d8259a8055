/** How duplicates are looked for. */
import { NearfoldError } from "../../errors.ts";
import { type Bands, chooseBands } from "./bands.ts";
import { type KeepName, keepRules } from "./keep.ts";
import { DEFAULT_NORMALIZATIONS, type Normalization, normalizer } from "./normalization.ts";
import type { ShingleUnit, SketchOptions } from "./sketch.ts";

/** A text that may be a duplicate. */
export interface DedupeRow {
  readonly id: string;
  readonly text: string;
  /** What the rules `newest` and `highest` go by; NaN where there is none. @default NaN */
  readonly rank?: number;
  /** Further fields, for whoever reads the kept rows. JSON values. @default none */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** How near duplicates are found: by their shingles. */
export interface NearDuplicates {
  /** Jaccard similarity of shingles from which two texts are the same. @default 0.55 */
  readonly threshold?: number;
  /** @default "characters" */
  readonly unit?: ShingleUnit;
  /** Characters or words in a shingle. @default 4 characters, 2 words */
  readonly size?: number;
  /** Minimums in a signature. @default 128 */
  readonly permutations?: number;
}

/** How texts that say the same in other words are found: by vectors. */
export interface SemanticDuplicates {
  /** Vectors `[N, dims]` of texts, in their order; of any length. */
  readonly vectors: (
    rows: readonly Pick<DedupeRow, "id" | "text">[],
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Float32Array>;
  readonly dims: number;
  /** Cosine from which two texts are the same. It is the model's own: calibrate it. */
  readonly threshold: number;
  /** Neighbours that are looked at of each. @default 10 */
  readonly neighbours?: number;
}

export interface DedupeOptions {
  /** What makes two texts equal. @default nfkc, case, space */
  readonly normalize?: readonly Normalization[];
  /** @default as `NearDuplicates` says; false to leave it out */
  readonly near?: NearDuplicates | false;
  /** @default left out */
  readonly semantic?: SemanticDuplicates;
  /**
   * Texts that state different numbers or names are not the same thing, however alike they are otherwise. Asked of texts of up to 64 words.
   * @default true
   */
  readonly facts?: boolean;
  /**
   * How many times as far from what is kept a member may be as two duplicates may from each other, at most: groups grow by small steps, and this bounds where they lead. 1: each is a duplicate of what is kept;
   * Infinity: of any other member. A distance is 1 minus the similarity.
   * @default 1.5
   */
  readonly stretch?: number;
  /** Which member is kept. @default "longest" */
  readonly keep?: KeepName;
  /** Threads that sketch texts. @default 2 */
  readonly threads?: number;
  /** Of the hash functions. @default 1 */
  readonly seed?: number;
  /** Where rows lie meanwhile: it needs room for all of them. @default the system's folder for temporary files */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DedupeProgress) => void;
}

export type DedupeStage = "reading" | "comparing" | "encoding" | "indexing" | "neighbours";

export interface DedupeProgress {
  readonly stage: DedupeStage;
  readonly done: number;
  /** Unknown while rows are read. */
  readonly total: number | undefined;
}

/** Shingles that are kept of a text: 2 KB. */
const KEPT_SHINGLES = 512;

const sizes = { characters: 4, words: 2 } as const satisfies Record<ShingleUnit, number>;

/** Options with their defaults. @throws bad-argument for one that makes no sense */
export function settle(options: DedupeOptions) {
  const { near = {}, semantic, seed = 1, threads = 2, keep = "longest" } = options;
  const { stretch = 1.5, facts = true } = options;
  if (!(stretch >= 1)) {
    const [got, wanted] = [String(stretch), "at least 1"];
    throw new NearfoldError("bad-argument", "not how far a group may reach", { got, wanted });
  }
  if (semantic) requireCosine(semantic.threshold);
  if (!Object.hasOwn(keepRules, keep)) {
    const wanted = Object.keys(keepRules).join(", ");
    throw new NearfoldError("bad-argument", "no rule of that name", { got: `"${keep}"`, wanted });
  }
  return {
    normalized: normalizer(options.normalize ?? DEFAULT_NORMALIZATIONS),
    near: near === false ? undefined : settleNear(near, seed),
    ...{ semantic, facts, stretch, keep, threads },
    ...{ signal: options.signal, onProgress: options.onProgress },
  };
}

export type Settled = ReturnType<typeof settle>;

export interface SettledNear {
  readonly threshold: number;
  readonly sketch: SketchOptions;
}

export function settleNear(near: NearDuplicates, seed: number): SettledNear {
  const { threshold = 0.55, unit = "characters", permutations = 128 } = near;
  const { size = sizes[unit] } = near;
  const bands: Bands = chooseBands(threshold, { permutations });
  return { threshold, sketch: { ...bands, unit, size, kept: KEPT_SHINGLES, seed } };
}

/** The similarity to what is kept that a member must have. */
export function floorOf(threshold: number, stretch: number): number {
  return threshold === 1 ? 1 : 1 - stretch * (1 - threshold);
}

function requireCosine(threshold: number): void {
  if (threshold > -1 && threshold <= 1) return;
  const [got, wanted] = [String(threshold), "above -1 and at most 1"];
  throw new NearfoldError("bad-argument", "not a cosine", { got, wanted });
}
