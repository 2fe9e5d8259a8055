/** A teacher behind HTTP: OpenAI's `POST /embeddings` (https://platform.openai.com/docs/api-reference/embeddings). */

import { NearfoldError, throwIfAborted } from "../errors.ts";
import { joinFloats } from "../tensor/join-floats.ts";
import { parseEmbeddings } from "./embeddings-answer.ts";
import { askAgain, type Passing, reasonOf, refusalOf, routeOf } from "./service.ts";
import type { Teacher } from "./teacher.ts";

export interface EndpointOptions {
  /** Where its routes begin: `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  /** What it calls the model. */
  readonly model: string;
  /** Sent as a bearer token. @default none */
  readonly key?: string;
  /** Texts of a request. @default 64 */
  readonly batchTexts?: number;
  /** UTF-16 units of a request, where one text is not more. @default 200,000 */
  readonly batchCharacters?: number;
  /** Until an answer is given up. @default 120,000 */
  readonly timeoutMs?: number;
  /** Told before each wait. */
  readonly onRetry?: (retry: { readonly reason: string; readonly waitMs: number }) => void;
}

/**
 * Asks again what failed for a while (429, 5xx, no connection), longer apart each time, as the service asks for itself.
 * @throws bad-argument for what is no URL; from `embed`: forbidden, bad-input for an answer that is no embeddings, mismatch for another
 * number or width of vectors, io once all tries failed
 */
export function endpointTeacher(options: EndpointOptions): Teacher {
  const { model, batchTexts = 64, batchCharacters = 200_000 } = options;
  const url = routeOf(options.url, "embeddings");
  let dims: number | undefined;
  return {
    name: model,
    key: `${url} ${model}`,
    embed: async (texts, { signal } = {}) => {
      const vectors: Float32Array[] = [];
      for (const part of batchesOf(texts, { batchTexts, batchCharacters })) {
        const found = await ask(url, part, options, signal);
        const width = found.length / part.length;
        dims ??= width;
        if (width !== dims) {
          throw new NearfoldError("mismatch", "the service changed the width of its vectors", {
            ...{ at: url, got: `${width}`, wanted: `${dims}` },
            hint: "Does one model answer all requests?",
          });
        }
        vectors.push(found);
      }
      return { vectors: joinFloats(vectors), dims: dims ?? 0 };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** In order, each as large as it may be; a text alone may be larger. */
export function batchesOf(
  texts: readonly string[],
  limits: { readonly batchTexts: number; readonly batchCharacters: number },
): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    if (!last || last.length >= limits.batchTexts || text.length > room) {
      batches.push([text]);
      room = limits.batchCharacters - text.length;
      continue;
    }
    last.push(text);
    room -= text.length;
  }
  return batches;
}

async function ask(
  url: string,
  input: readonly string[],
  options: EndpointOptions,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  return await askAgain(() => attempt(url, input, options, signal), {
    at: url,
    what: WHAT,
    hint: "All but the last few hundred vectors are kept: run it again",
    signal,
    onRetry: options.onRetry,
  });
}

const WHAT = "asking the teacher";

/** @throws for a failure that another try would not mend */
async function attempt(
  url: string,
  input: readonly string[],
  { model, key, timeoutMs = 120_000 }: EndpointOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly answer: Float32Array } | Passing> {
  let response: Response;
  let body: string;
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ model, input, encoding_format: "float" }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    body = await response.text();
  } catch (cause) {
    throwIfAborted(signal, WHAT);
    return { reason: reasonOf(cause), retryAfter: null, cause };
  }
  if (response.ok) return { answer: parseEmbeddings(body, input.length, url) };
  return refusalOf(response, body, url);
}
