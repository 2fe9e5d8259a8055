import type { Generate } from "./chat-endpoint.ts";
import { newMark } from "./mark.ts";
import { messagesOf, RERANK_SYSTEM } from "./prompt.ts";
import type { Retrieved } from "./retrieved.ts";

/** An order of passages, as places in their list, the best first; undefined where it gives none. */
export type Reranker = (
  question: string,
  passages: readonly Retrieved[],
  signal?: AbortSignal,
) => Promise<readonly number[] | undefined>;

export interface RerankOptions {
  /** @default newMark */
  readonly mark?: () => string;
}

/** Lets the model that writes say which passages answer best. What it leaves out comes after what it names, in the order in which it was. */
export function chatReranker(generate: Generate, { mark = newMark }: RerankOptions = {}): Reranker {
  return async (question, passages, signal) => {
    let said = "";
    const messages = messagesOf(RERANK_SYSTEM, question, passages, mark());
    await generate(messages, {
      signal,
      onText: (text) => {
        said += text;
      },
    });
    return parseOrder(said, passages.length);
  };
}

/** The first list of numbers in an answer, from 1 to `count`, each once, then the others. */
export function parseOrder(said: string, count: number): readonly number[] | undefined {
  for (const [list] of said.matchAll(/\[[\d\s,]{1,4000}\]/g)) {
    const named = (list.match(/\d{1,9}/g) ?? []).map((n) => Number(n) - 1);
    const known = [...new Set(named)].filter((place) => place >= 0 && place < count);
    if (known.length === 0) continue;
    const rest = Array.from({ length: count }, (_, i) => i).filter((i) => !known.includes(i));
    return [...known, ...rest];
  }
  return undefined;
}
