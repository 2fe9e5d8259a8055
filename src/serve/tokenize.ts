/** Texts to ids in small pieces, between which other requests are seen to. */
import { setImmediate } from "node:timers/promises";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import type { EmbedRequest, Input } from "./embed-request.ts";
import type { ServedTower } from "./served-model.ts";

export interface Tokenized {
  readonly sequences: readonly Int32Array[];
  /** Which inputs were cut. */
  readonly truncated: readonly number[];
  /** How many tokens at the start of each input are a prompt's that is not pooled. */
  readonly promptTokens: number;
}

/** The event loop is not held for longer than this by one request, but for a single text. */
const SLICE_MS = 1;

/**
 * The ids of a request's inputs.
 * @throws too-large for an input past the model's limit, where it is not to be cut; bad-argument for a prompt before ids; aborted
 */
export async function tokenizeInputs(
  request: Pick<EmbedRequest, "inputs" | "field" | "prompt" | "truncate" | "signal">,
  tower: Pick<ServedTower, "prompted" | "maxTokens">,
): Promise<Tokenized> {
  const { inputs, field, prompt, truncate = true, signal } = request;
  const { tokenize, promptTokens } = tower.prompted[prompt ? "prompt" : "plain"];
  const { maxTokens } = tower;
  const idsOf = (input: Input, at: string) => {
    if (typeof input === "string") return tokenize(input);
    if (prompt) {
      const hint = "Put its ids before the others";
      throw new NearfoldError("bad-argument", "ids take no prompt", { at, got: prompt, hint });
    }
    const ids = Int32Array.from(input.slice(0, Math.min(input.length, maxTokens)));
    return { ids, truncated: ids.length < input.length, tokenCount: input.length };
  };
  const sequences: Int32Array[] = [];
  const truncated: number[] = [];
  let since = performance.now();
  for (const [i, input] of inputs.entries()) {
    const at = inputs.length === 1 ? field : `${field}[${i}]`;
    const encoding = idsOf(input, at);
    if (encoding.truncated) {
      if (!truncate) throw tooLong(at, encoding.tokenCount, maxTokens);
      truncated.push(i);
    }
    sequences.push(encoding.ids);
    if (performance.now() - since < SLICE_MS) continue;
    await setImmediate();
    throwIfAborted(signal, "tokenizing");
    since = performance.now();
  }
  return { sequences, truncated, promptTokens };
}

function tooLong(at: string, tokens: number, most: number): NearfoldError {
  return new NearfoldError("too-large", "longer than the model reads", {
    at,
    got: `${tokens} tokens or more`,
    wanted: `at most ${most}`,
    hint: "Cut it, or allow it to be cut with `truncate`",
  });
}
