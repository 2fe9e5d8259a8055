/** A model's tokenizer in a thread of its own, for requests that would keep the event loop. */
import type { Role } from "../models/model.ts";
import type { Encoding, TruncateSide } from "../text/tokenizer.ts";
import { openWorkerCalls, type WorkerCalls } from "../worker-calls.ts";

/** What the thread opens: the tokenizer of a model of this space, or it fails. */
export interface TokenizerStart {
  readonly source: string;
  readonly space: string;
}
export interface TextsToTokenize {
  readonly role: Role;
  /** Whether the role's prompt goes before each. */
  readonly prompt: boolean;
  readonly truncateSide: TruncateSide;
  readonly texts: readonly string[];
}
/** The ids of all texts end to end, and of each text. */
export interface TokenizedTexts {
  readonly ids: Int32Array<ArrayBuffer>;
  readonly lengths: readonly number[];
  readonly truncated: readonly boolean[];
  readonly tokenCounts: readonly number[];
}

/** Close with `await using`. */
export interface TokenizerThread extends AsyncDisposable {
  /** As `Prompted.tokenize` of each text. */
  tokenize(request: TextsToTokenize): Promise<Encoding[]>;
}

type Calls = WorkerCalls<true, TextsToTokenize, TokenizedTexts>;

/**
 * The tokenizer of a model's folder or `.onnx` file. Its thread yields to all others, as bulk does. One that has ended is started again with the next request, while the model of
 * that space lies there.
 * @throws mismatch where another model does by now; as `locateModel`
 */
export async function openTokenizerThread(start: TokenizerStart): Promise<TokenizerThread> {
  const open = () =>
    openWorkerCalls<true, TextsToTokenize, TokenizedTexts>(
      new URL("./tokenizer-worker", import.meta.url),
      start,
    );
  let calls: Promise<Calls> | undefined = Promise.resolve(await open());
  return {
    tokenize: async (request) => {
      calls ??= open();
      const used = calls;
      try {
        return encodingsOf(await (await used).call(request));
      } catch (error) {
        if (calls === used) calls = undefined;
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await calls?.then((opened) => opened[Symbol.asyncDispose]()).catch(() => {});
    },
  };
}

function encodingsOf({ ids, lengths, truncated, tokenCounts }: TokenizedTexts): Encoding[] {
  let first = 0;
  return lengths.map((length, i) => {
    const own = ids.subarray(first, first + length);
    first += length;
    return { ids: own, truncated: truncated[i], tokenCount: tokenCounts[i] };
  });
}
