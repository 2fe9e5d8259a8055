/** Texts to ids: few here, many in a thread of their own. */
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { type EmbedRequest, type Input, inputName } from "./embed-request.ts";
import type { ServedTower } from "./served-model.ts";

export interface Tokenized {
  readonly sequences: readonly Int32Array[];
  /** Which inputs were cut. */
  readonly truncated: readonly number[];
  /** How many tokens at the start of each input are a prompt's that is not pooled. */
  readonly promptTokens: number;
}

type TokenizeRequest = Pick<
  EmbedRequest,
  "inputs" | "field" | "places" | "prompt" | "truncate" | "truncateSide" | "signal"
>;

/** Characters of a request that are tokenized here, in a millisecond or two: to ask another thread takes as long. */
const FEW_CHARACTERS = 8000;

/**
 * The ids of a request's inputs.
 * @throws too-large for an input past the model's limit, where it is not to be cut; bad-argument for a prompt before ids; aborted
 */
export async function tokenizeInputs(
  request: TokenizeRequest,
  tower: Pick<ServedTower, "prompted" | "maxTokens" | "tokenizeApart">,
): Promise<Tokenized> {
  const { inputs, prompt, truncate = true, truncateSide = "right", signal } = request;
  const { tokenize, promptTokens } = tower.prompted[prompt ? "prompt" : "plain"];
  const { maxTokens, tokenizeApart } = tower;
  if (truncateSide === "left" && promptTokens > 0) throw promptLost();
  const apart =
    tokenizeApart && charactersOf(inputs) > FEW_CHARACTERS
      ? await tokenizeApart(inputs.filter(isText), { prompt: prompt !== undefined, truncateSide })
      : undefined;
  throwIfAborted(signal, "tokenizing");
  let texts = 0;
  const encodingOf = (input: Input, i: number) => {
    if (isText(input)) return apart?.[texts++] ?? tokenize(input, truncateSide);
    if (prompt) {
      const hint = "Put its ids before the others";
      throw new NearfoldError("bad-argument", "ids take no prompt", {
        at: inputName(request, i),
        got: prompt,
        hint,
      });
    }
    const kept = Math.min(input.length, maxTokens);
    const first = truncateSide === "left" ? input.length - kept : 0;
    const ids = Int32Array.from(input.slice(first, first + kept));
    return { ids, truncated: ids.length < input.length, tokenCount: input.length };
  };
  const encodings = inputs.map(encodingOf);
  const truncated = [...encodings.keys()].filter((i) => encodings[i].truncated);
  if (truncated.length > 0 && !truncate) {
    const [first] = truncated;
    throw tooLong(inputName(request, first), encodings[first].tokenCount, maxTokens);
  }
  return { sequences: encodings.map(({ ids }) => ids), truncated, promptTokens };
}

function isText(input: Input): input is string {
  return typeof input === "string";
}

function charactersOf(inputs: readonly Input[]): number {
  return inputs.reduce((sum, input) => sum + (isText(input) ? input.length : 0), 0);
}

/** Such a prompt is left out of the pooling by the number of its tokens, which are no longer known once some of them were cut. */
function promptLost(): NearfoldError {
  const hint = "Cut texts at their end, or send the prompt with the text";
  return new NearfoldError("unsupported", "a prompt that is not pooled would be cut off", {
    at: "truncation_direction",
    got: "left",
    wanted: "right",
    hint,
  });
}

function tooLong(at: string, tokens: number, most: number): NearfoldError {
  return new NearfoldError("too-large", "longer than the model reads", {
    at,
    got: `${tokens} tokens or more`,
    wanted: `at most ${most}`,
    hint: "Cut it, or allow it to be cut with `truncate`",
  });
}
