/** What a client asks for, whatever protocol it came by, and what it gets. */
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import type { Priority } from "./queue/waiting.ts";
import type { ServedModel, ServedTower } from "./served-model.ts";

/** A text, or the ids of one as its tokenizer gives them, special tokens included. */
export type Input = string | readonly number[];

export interface EmbedRequest {
  readonly model: ServedModel;
  readonly inputs: readonly Input[];
  /** What inputs are called in messages: `input`. */
  readonly field: string;
  /** Whose prompt is put before each text, and whose tower it goes through. @default no prompt, and the tower of documents */
  readonly prompt?: Role;
  /** Cut what is longer than the model reads, and say so; else refuse it. @default true */
  readonly truncate?: boolean;
  /** Only so many leading dimensions, one of the model's. @default all */
  readonly dims?: number;
  /** Whether vectors must have length 1. @default as the model gives them */
  readonly normalize?: boolean;
  /** @default by its size */
  readonly priority?: Priority;
  /** The client went away. */
  readonly signal?: AbortSignal;
}

export interface EmbedAnswer {
  /** Row-major `[N, dims]`, the caller's; 0 where a text has no tokens. */
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly dims: number;
  /** That went through the model, special tokens included. */
  readonly tokens: number;
  /** UTF-16 units of the texts. */
  readonly characters: number;
  /** Which inputs were cut. */
  readonly truncated: readonly number[];
  readonly priority: Priority;
  /** How many batches it was in, and all their tokens, those of others too. */
  readonly batches: number;
  readonly batchTokens: number;
  readonly times: StageTimes;
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

/** @throws bad-input naming the first input that cannot be one */
export function requireInputs(
  { inputs, field }: Pick<EmbedRequest, "inputs" | "field">,
  { tokenizer: { vocabSize } }: Pick<ServedTower, "tokenizer">,
): void {
  for (const [i, input] of inputs.entries()) {
    const at = inputs.length === 1 ? field : `${field}[${i}]`;
    if (input.length === 0) throw emptyError(at);
    if (typeof input === "string") {
      if (input.isWellFormed()) continue;
      const got = "half a surrogate pair";
      throw new NearfoldError("bad-input", "the text is not Unicode", { at, got });
    }
    const wrong = input.find((id) => id >= vocabSize);
    if (wrong === undefined) continue;
    const [got, wanted] = [`${wrong}`, `below ${vocabSize}`];
    throw new NearfoldError("bad-input", "no token has this id", { at, got, wanted });
  }
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

/** Marks a refusal of nothing at all, for which text-embeddings-inference has a type of its own. */
export const EMPTY = "empty";

export function emptyError(at: string): NearfoldError {
  return new NearfoldError("bad-input", "must not be empty", { at, cause: EMPTY });
}
