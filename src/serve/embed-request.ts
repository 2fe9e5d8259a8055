/** What a client asks for, whatever protocol it came by, and what it gets. */
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import type { TruncateSide } from "../text/tokenizer.ts";
import type { Priority } from "./queue/waiting.ts";
import type { ServedModel, ServedTower } from "./served-model.ts";

/** A text, or the ids of one as its tokenizer gives them, special tokens included. */
export type Input = string | readonly number[];

export interface EmbedRequest {
  readonly model: ServedModel;
  readonly inputs: readonly Input[];
  /** What inputs are called in messages: `input`. */
  readonly field: string;
  /** Where each input stands among those of the client, where it sent others too. @default all from the first on */
  readonly places?: readonly number[];
  /** Whose prompt is put before each text, and whose tower it goes through. @default no prompt, and the tower of documents */
  readonly prompt?: Role;
  /** Cut what is longer than the model reads, and say so; else refuse it. @default true */
  readonly truncate?: boolean;
  /** Which end a text loses that is cut. @default right */
  readonly truncateSide?: TruncateSide;
  /** Only so many leading dimensions, one of the model's. @default all */
  readonly dims?: number;
  /** Whether vectors must have length 1. @default as the model gives them */
  readonly normalize?: boolean;
  /** @default by its size */
  readonly priority?: Priority;
  /** The client went away. */
  readonly signal?: AbortSignal;
}

/** How the inputs of a request were run. */
export interface RunFacts {
  readonly priority: Priority;
  /** How many batches they were in, and all their tokens, those of others too; 0 where a cache had all. */
  readonly batches: number;
  readonly batchTokens: number;
  readonly times: StageTimes;
}

/** What is said of an answer beside its vectors. */
export interface AnswerFacts extends RunFacts {
  readonly inputs: number;
  /** Of a vector. */
  readonly dims: number;
  /** Of the inputs as they were embedded, special tokens included. */
  readonly tokens: number;
  /** Those of them that went through the model for this answer: a cache had the others. */
  readonly ranTokens: number;
  /** Inputs whose vectors a cache had, or another request that was under way. */
  readonly cached: number;
  /** UTF-16 units of the texts. */
  readonly characters: number;
  /** Which inputs were cut. */
  readonly truncated: readonly number[];
}

export interface EmbedAnswer extends AnswerFacts {
  /** Row-major `[N, dims]`, the caller's; 0 where a text has no tokens. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

/** The vectors of tokens, before they are pooled. */
export interface TokensAnswer extends AnswerFacts {
  /** Row-major: a row of `dims` for each token, one input after the other; the caller's. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Tokens of each input. */
  readonly counts: readonly number[];
}

/** What a model gives for inputs, before it is cut to what was asked for. */
export interface Computed extends RunFacts {
  /** Row-major `[N, D]`, 0 where a text has no tokens; or a row for each token. The caller's. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Of each input. */
  readonly counts: readonly number[];
  /** Which inputs were cut, in order. */
  readonly truncated: readonly number[];
}

/** Milliseconds. */
export interface StageTimes {
  readonly tokenize: number;
  readonly queue: number;
  readonly run: number;
}

/** What is larger than this is bulk: a search is one question, or a few. */
const INTERACTIVE = { inputs: 4, tokens: 512 };

/** The class of a request by its size, before anything is spent on it. */
export function classify(inputs: readonly Input[], tokens: number): Priority {
  const small = inputs.length <= INTERACTIVE.inputs && tokens <= INTERACTIVE.tokens;
  return small ? "interactive" : "bulk";
}

/** Tokens of the inputs at a guess: a word piece is about four characters, and a limit is one. */
export function guessTokens(inputs: readonly Input[], maxTokens: number): number {
  const guess = (input: Input) =>
    typeof input === "string" ? Math.ceil(input.length / 4) + 2 : input.length;
  return inputs.reduce((sum, input) => sum + Math.min(guess(input), maxTokens), 0);
}

/** What an input is called in messages: `input[3]`, or `input` where the client sent one. */
export function inputName(
  { inputs, field, places }: Pick<EmbedRequest, "inputs" | "field" | "places">,
  index: number,
): string {
  return inputs.length === 1 && !places ? field : `${field}[${places?.[index] ?? index}]`;
}

/** @throws bad-input naming the first input that cannot be one */
export function requireInputs(
  request: Pick<EmbedRequest, "inputs" | "field">,
  { tokenizer: { vocabSize } }: Pick<ServedTower, "tokenizer">,
): void {
  for (const [i, input] of request.inputs.entries()) {
    const at = inputName(request, i);
    if (input.length === 0) throw emptyError(at);
    if (typeof input === "string") {
      requireUnicode(input, at);
      continue;
    }
    const wrong = input.find((id) => id >= vocabSize);
    if (wrong === undefined) continue;
    const [got, wanted] = [`${wrong}`, `below ${vocabSize}`];
    throw new NearfoldError("bad-input", "no token has this id", { at, got, wanted });
  }
}

/** @throws bad-input */
export function requireUnicode(text: string, at: string): void {
  if (text.isWellFormed()) return;
  const got = "half a surrogate pair";
  throw new NearfoldError("bad-input", "the text is not Unicode", { at, got });
}

/** The dimensions that are asked for, or all. @throws bad-argument */
export function dimsOf({ model: { name, dims, space }, dims: wanted }: EmbedRequest): number {
  if (wanted === undefined || dims.includes(wanted)) return wanted ?? space.dims;
  throw new NearfoldError("bad-argument", `${name} was not trained for so many dimensions`, {
    at: "dimensions",
    got: `${wanted}`,
    wanted: `one of ${dims.join(", ")}`,
  });
}

/** Whether vectors are to have length 1. @throws unsupported for raw vectors of a model that has none */
export function normalizeOf(
  { model, normalize }: EmbedRequest,
  { normalized }: ServedTower,
): boolean {
  if (normalize !== false || !normalized) return normalize ?? normalized;
  throw new NearfoldError("unsupported", `${model.name} gives vectors of length 1 alone`, {
    at: "normalize",
    got: "false",
    wanted: "true",
  });
}

/** Dimensions of the vectors of a model's tokens. @throws unsupported */
export function requireTokenVectors(
  { model }: Pick<EmbedRequest, "model">,
  { tokenWidth }: Pick<ServedTower, "tokenWidth">,
): number {
  if (tokenWidth !== undefined) return tokenWidth;
  const hint = "Export its graph with last_hidden_state as an output";
  throw new NearfoldError("unsupported", `${model.name} shows no vectors of tokens`, { hint });
}

/** An answer is written as text, and held in memory whole: some 12 bytes a number. */
const MOST_NUMBERS = 4_000_000;

/** @throws too-large */
export function requireAnswerSize({ field }: Pick<EmbedRequest, "field">, numbers: number): void {
  if (numbers <= MOST_NUMBERS) return;
  throw new NearfoldError("too-large", "the answer would be larger than it may be", {
    at: field,
    got: `${numbers} numbers`,
    wanted: `at most ${MOST_NUMBERS}`,
    hint: "Ask for fewer texts at once",
  });
}

/** Marks a refusal of nothing at all, for which text-embeddings-inference has a type of its own. */
export const EMPTY = "empty";

export function emptyError(at: string): NearfoldError {
  return new NearfoldError("bad-input", "must not be empty", { at, cause: EMPTY });
}
