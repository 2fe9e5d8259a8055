/** Questions answered from documents, each sentence with where it stands. */
import { type CountTokens, estimateTokens } from "../../documents/index.ts";
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { assemble } from "./budget.ts";
import type { Generate } from "./chat-endpoint.ts";
import { CitationFilter, uncitedSentences } from "./citations.ts";
import { extract, type Quote, type SimilarityTo } from "./extract.ts";
import { newMark } from "./mark.ts";
import { Opening } from "./opening.ts";
import { ANSWER_SYSTEM, messagesOf } from "./prompt.ts";
import type { Reranker } from "./rerank.ts";
import type { Retrieved, Retriever } from "./retrieved.ts";

/**
 * The cosine of all-MiniLM-L6-v2 that 95 % of the claims reach of which SciFact's train split has an abstract (`npm run bench -- ask-threshold`). Questions about anything else
 * stay below it; questions about the documents' own subject that they don't answer mostly reach it too, and are for the model that reads. Other models have
 * other cosines: `measureThreshold` finds theirs.
 */
export const COSINE_THRESHOLD = 0.468;

export interface AskOptions {
  readonly retrieve: Retriever;
  /** Writes the answer. @default none: sentences are quoted, by `similarityTo` */
  readonly generate?: Generate | undefined;
  /** Orders the passages anew. @default as they were found */
  readonly rerank?: Reranker | undefined;
  /** Chooses the sentences of an answer that no model writes. */
  readonly similarityTo?: SimilarityTo | undefined;
  /** Passages that are retrieved. @default 12 */
  readonly k?: number | undefined;
  /** The least score of the best passage: below, the documents don't answer. @default COSINE_THRESHOLD */
  readonly threshold?: number | undefined;
  /** Tokens of all passages that the model reads. @default 3000 */
  readonly budget?: number | undefined;
  /** @default estimateTokens */
  readonly countTokens?: CountTokens | undefined;
  /** Called with each part of the answer that is sure to stay. */
  readonly onText?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What separates documents from instructions; must be new each time. @default newMark */
  readonly mark?: () => string;
}

/** A passage that was given to the model, or quoted. */
export interface Citation extends Retrieved {
  /** As it is cited: [1]. */
  readonly number: number;
}

export interface Answer {
  /** Written by a model, quoted word for word, or not in the documents. */
  readonly kind: "generated" | "extracted" | "none";
  /** Why there is none: nothing was found, nothing near enough, or the model found no answer in what there was. */
  readonly reason?: "nothing-found" | "below-threshold" | "model";
  /** With citations like [1]; empty where there is none. */
  readonly text: string;
  /** What the text cites, by number. */
  readonly citations: readonly Citation[];
  /** What was quoted, where no model wrote. */
  readonly quotes?: readonly Quote[];
  /** Numbers that the model cited and that do not exist: they were taken out. */
  readonly unknownCitations: readonly number[];
  /** Sentences that the model wrote without citing anything. */
  readonly uncited: readonly string[];
  /** Whether the model was cut off at its longest answer. */
  readonly cut: boolean;
  /** The best score of all passages. */
  readonly best?: number;
  readonly threshold: number;
  /** Passages that the budget left out. */
  readonly leftOut: number;
  /** False where a reranker gave no order. */
  readonly reranked?: boolean;
}

/** UTF-16 units of a question. */
const LONGEST_QUESTION = 10_000;

/**
 * Retrieves, orders, cuts to the budget, and lets a model write or quotes.
 * @throws bad-argument for a question that is empty, or with neither `generate` nor `similarityTo`; too-large; aborted; what the given functions throw
 */
export async function ask(question: string, options: AskOptions): Promise<Answer> {
  const { retrieve, generate, similarityTo, k = 12, budget = 3000, signal } = options;
  const { threshold = COSINE_THRESHOLD, countTokens = estimateTokens } = options;
  checkQuestion(question);
  if (!generate && !similarityTo) {
    throw new NearfoldError("bad-argument", "nobody answers", {
      wanted: "generate or similarityTo",
    });
  }
  throwIfAborted(signal, "asking");
  const found = await retrieve(question, k, signal);
  const best = found.reduce((most, { score }) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const none = { ...NOTHING, threshold, ...(found.length > 0 && { best }) };
  if (found.length === 0) return { ...none, reason: "nothing-found" };
  if (!(best >= threshold)) return { ...none, reason: "below-threshold" };
  const { passages, reranked } = await order(question, found, options);
  const { used, leftOut } = assemble(passages, budget, countTokens);
  const known = { ...none, leftOut, ...(reranked !== undefined && { reranked }) };
  const answer = generate
    ? await write(question, used, generate, options)
    : await quote(question, used, similarityTo!, options);
  return { ...known, ...answer };
}

const NOTHING = {
  kind: "none",
  text: "",
  citations: [],
  unknownCitations: [],
  uncited: [],
  cut: false,
  leftOut: 0,
} as const;

function checkQuestion(question: string): void {
  if (question.trim() === "") throw new NearfoldError("bad-argument", "the question is empty");
  if (question.length <= LONGEST_QUESTION) return;
  const [got, wanted] = [`${question.length} characters`, `at most ${LONGEST_QUESTION}`];
  throw new NearfoldError("too-large", "the question is too long", { got, wanted });
}

async function order(
  question: string,
  found: readonly Retrieved[],
  { rerank, signal }: AskOptions,
): Promise<{ readonly passages: readonly Retrieved[]; readonly reranked?: boolean }> {
  if (!rerank) return { passages: found };
  const places = await rerank(question, found, signal);
  if (!places) return { passages: found, reranked: false };
  return { passages: places.map((place) => found[place]), reranked: true };
}

/** Lets the model write, and shows what it wrote as soon as its citations are checked. */
async function write(
  question: string,
  used: readonly Retrieved[],
  generate: Generate,
  { mark = newMark, onText, signal }: AskOptions,
): Promise<Partial<Answer>> {
  const [opening, citations] = [new Opening(), new CitationFilter(used.length)];
  let text = "";
  const show = (part: string) => {
    text += part;
    if (part !== "") onText?.(part);
  };
  const messages = messagesOf(ANSWER_SYSTEM, question, used, mark());
  const { cut } = await generate(messages, {
    signal,
    onText: (part) => show(citations.push(opening.push(printable(part)))),
  });
  show(citations.push(opening.end()) + citations.end());
  if (opening.saysNotFound || text.trim() === "") return { kind: "none", reason: "model" };
  return {
    kind: "generated",
    text,
    citations: cited(used, citations.used),
    unknownCitations: [...citations.unknown].sort((a, b) => a - b),
    uncited: uncitedSentences(text),
    cut,
  };
}

async function quote(
  question: string,
  used: readonly Retrieved[],
  similarityTo: SimilarityTo,
  { onText, signal }: AskOptions,
): Promise<Partial<Answer>> {
  const quotes = await extract(question, used, similarityTo, { signal });
  if (quotes.length === 0) return { kind: "none", reason: "nothing-found" };
  const text = quotes.map(({ text: sentence, number }) => `${sentence} [${number}]`).join("\n");
  onText?.(text);
  const numbers = new Set(quotes.map(({ number }) => number));
  return { kind: "extracted", text, quotes, citations: cited(used, numbers) };
}

function cited(used: readonly Retrieved[], numbers: ReadonlySet<number>): readonly Citation[] {
  const all = used.map((passage, i) => ({ ...passage, number: i + 1 }));
  return all.filter(({ number }) => numbers.has(number));
}

/** What a model writes goes to terminals: no control characters but lines and tabs. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}--[\n\t]]/gv, "");
}
