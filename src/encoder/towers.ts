import { isNormalized } from "../models/head.ts";
import type { Model, Role, Tower, Weight } from "../models/model.ts";
import { promptTokensOf } from "../models/tokenizer-files.ts";
import type { Encoding, TruncateSide } from "../text/tokenizer.ts";
import { type Forward, openForward } from "./forward.ts";

/** What the texts of a role go through. */
export interface OpenTower {
  /** The ids of a text, its prompt before it, cut to the limit. */
  readonly tokenize: (text: string) => Encoding;
  /** Vectors `[N, D]` of such ids, none of them empty; the caller's. */
  readonly run: (sequences: readonly Int32Array[]) => Promise<Float32Array>;
  /** Whether its vectors have length 1. */
  readonly normalized: boolean;
}

/** Close with `await using`. */
export type Towers = Readonly<Record<Role, OpenTower>> & AsyncDisposable;

/** The tower of each role; one session serves both where they are the same. */
export async function openTowers(
  model: Model<Weight>,
  options: Parameters<typeof openForward>[1],
): Promise<Towers> {
  const { queryTower, prompts } = model;
  await using opened = new AsyncDisposableStack();
  const forward = opened.use(await openForward(model, options));
  const apart = queryTower && opened.use(await openForward(queryTower, options));
  const sessions = opened.move();
  return {
    document: towerOf(model, forward, prompts.document),
    query: towerOf(queryTower ?? model, apart ?? forward, prompts.query),
    [Symbol.asyncDispose]: () => sessions.disposeAsync(),
  };
}

/** How texts with one prompt before them become ids. */
export interface Prompted {
  /** The ids of a text, the prompt before it, cut to the limit. */
  readonly tokenize: (text: string, truncateSide?: TruncateSide) => Encoding;
  /** How many ids at the start of each are the prompt's and are not pooled. */
  readonly promptTokens: number;
}

/** A prompt of a tower, "" for none. */
export function promptedBy(
  { tokenizer, maxTokens: maxLength, head }: Tower<unknown>,
  prompt: string,
): Prompted {
  return {
    tokenize: (text, truncateSide = "right") =>
      tokenizer.encode(prompt + text, { maxLength, truncateSide }),
    promptTokens: head.includePrompt ? 0 : promptTokensOf(tokenizer, prompt, maxLength),
  };
}

function towerOf(tower: Tower<Weight>, forward: Forward, prompt: string): OpenTower {
  const { tokenize, promptTokens } = promptedBy(tower, prompt);
  return {
    tokenize,
    run: (sequences) => forward.run(sequences, new Int32Array(sequences.length).fill(promptTokens)),
    normalized: isNormalized(tower.head),
  };
}
