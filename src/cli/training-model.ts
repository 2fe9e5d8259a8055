/** The model that training begins with. */
import { adaptModel } from "../models/adapt.ts";
import type { AttentionKind } from "../models/architecture.ts";
import { loadBase, loadModel } from "../models/load.ts";
import type { Model, Role } from "../models/model.ts";
import { withAdapter } from "../models/peft.ts";
import { requireSavable } from "../models/save.ts";
import type { PoolingMode } from "../nn/pooling.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { toTokenizer, trainWordPiece } from "../text/index.ts";
import { newStaticModel } from "../train/from-nothing.ts";
import { type Recipe, recipeFor, recipes } from "./recipes.ts";

export const objectives = ["contrastive", "masked-next-token"] as const;

export type Objective = (typeof objectives)[number];

export interface StartOptions {
  readonly base?: string;
  readonly adapter?: string;
  readonly attention?: AttentionKind;
  readonly pooling?: PoolingMode;
  readonly queryPrompt?: string;
  readonly documentPrompt?: string;
  readonly objective: Objective;
  readonly lora?: number;
  readonly arch: Arch;
  readonly dims?: number;
  readonly maxTokens?: number;
  readonly vocabSize: number;
  readonly seed: number;
}

/** Makes a model that has learnt nothing; its tokenizer is learnt from the texts. */
type FromNothing = (name: string, texts: readonly string[], options: StartOptions) => Model;

/** What `--arch` may name. */
export const archs = {
  static: (name, texts, { dims, maxTokens, vocabSize, seed }) => {
    const trained = trainWordPiece(texts, {
      vocabSize,
      wrap: false,
      wholeWords: 0.9,
      splitIdentifiers: true,
      dropPunctuation: true,
      maxLength: maxTokens ?? 512,
    });
    return newStaticModel(toTokenizer(trained, name), {
      name,
      seed,
      ...(dims !== undefined && { dims }),
      ...(maxTokens !== undefined && { maxTokens }),
    });
  },
} as const satisfies Record<string, FromNothing>;

type Arch = keyof typeof archs;

interface Start {
  readonly model: Model<Tensor>;
  readonly recipe: Recipe;
}

/** A model that has learnt nothing. */
export function newModel(name: string, texts: readonly string[], options: StartOptions): Start {
  return { model: archs[options.arch](name, texts, options), recipe: recipes[options.arch] };
}

/**
 * A base, with an adapter merged into it and read as the options say.
 * @throws as `loadModel`, `withAdapter` and `adaptModel`; as `requireSavable`, before anything is trained
 */
export async function adaptedBase(folder: string, options: StartOptions): Promise<Start> {
  const { adapter, objective, attention, pooling, maxTokens, lora } = options;
  const isMasked = objective === "masked-next-token";
  // Adapters alone can be trained beside codes.
  const load = lora === undefined || isMasked ? loadModel : loadBase;
  const base: Model<Tensor> =
    adapter === undefined
      ? await load(folder)
      : await withAdapter(await loadModel(folder), adapter);
  // Who predicts what was masked is to look at both sides: that is what is learnt.
  const seen = attention ?? (isMasked && base.architecture.withAttention && "bidirectional");
  const model = adaptModel(base, {
    ...(seen && { attention: seen }),
    ...(pooling && { pooling }),
    ...(maxTokens !== undefined && { maxTokens }),
    prompts: promptsOf(options),
  });
  requireSavable(model);
  return { model, recipe: recipeFor(model.architecture, { objective, lora: lora !== undefined }) };
}

function promptsOf({ queryPrompt, documentPrompt }: StartOptions): Partial<Record<Role, string>> {
  return {
    ...(queryPrompt !== undefined && { query: queryPrompt }),
    ...(documentPrompt !== undefined && { document: documentPrompt }),
  };
}
