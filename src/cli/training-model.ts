/** The model that training begins with. */
import { NearfoldError } from "../errors.ts";
import { loadModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { architectures } from "../models/registry.ts";
import { toTokenizer, trainWordPiece } from "../text/index.ts";
import { newStaticModel } from "../train/from-nothing.ts";
import { type Recipe, recipes } from "./recipes.ts";

export interface StartOptions {
  readonly base?: string;
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

/** @throws as `loadModel` for a base; bad-argument for more tokens than the base can read */
export async function startingModel(
  name: string,
  texts: readonly string[],
  options: StartOptions,
): Promise<{ readonly model: Model; readonly recipe: Recipe }> {
  const { base, arch, maxTokens } = options;
  if (base === undefined)
    return { model: archs[arch](name, texts, options), recipe: recipes[arch] };
  const model = await loadModel(base);
  const most = model.architecture.maxTokens(model.config);
  if (maxTokens !== undefined && maxTokens > most) {
    throw new NearfoldError("bad-argument", "the base reads fewer tokens", {
      at: "--max-tokens",
      got: String(maxTokens),
      wanted: `at most ${most}`,
    });
  }
  const isStatic = model.architecture === architectures.static;
  return {
    model: { ...model, maxTokens: maxTokens ?? model.maxTokens },
    recipe: recipes[isStatic ? "static, adapted" : "bert, adapted"],
  };
}
