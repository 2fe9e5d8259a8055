/** Whose vectors a student learns. */
import type { Encoder } from "../encoder/index.ts";
import type { Role } from "../models/model.ts";
import type { Space } from "../space.ts";

/** Texts in, vectors out: an encoder, or a service. Closes with `await using`. */
export interface Teacher extends AsyncDisposable {
  /** For messages and cards. */
  readonly name: string;
  /** Tells its vectors from those of any other: what they are kept under. */
  readonly key: string;
  /** Of its vectors; absent where they are somebody else's, who tells nothing of them. */
  readonly space?: Space;
  /**
   * Row-major `[N, dims]`, the caller's; the width is the same in every call.
   * @throws aborted; as an encoder or a service fails
   */
  embed(
    texts: readonly string[],
    options?: TeachOptions,
  ): Promise<{ readonly vectors: Float32Array; readonly dims: number }>;
}

export interface TeachOptions {
  /** Which of its prompts is put before each text. @default "document" */
  readonly role?: Role;
  readonly signal?: AbortSignal;
}

/** An encoder as a teacher; closing it closes the encoder. */
export function encoderTeacher(encoder: Encoder): Teacher {
  const { name, space } = encoder;
  return {
    name,
    key: space.id,
    space,
    embed: (texts, { role = "document", signal } = {}) =>
      encoder.encode(texts, { role, ...(signal && { signal }) }),
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}
