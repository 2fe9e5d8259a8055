import { Option } from "commander";
import {
  type Answer,
  ask as askDocuments,
  type Citation,
  chatEndpoint,
  chatReranker,
  encoderSimilarity,
  type Generate,
  storeRetriever,
} from "../apps/ask/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Filter } from "../stores/index.ts";
import { anyNumber, type CommandSpec, type Context, wholeNumber } from "./command.ts";
import { type AskingOptions, openAsking } from "./index-model.ts";
import { modelOptions } from "./model-reference.ts";
import { formatSeconds } from "./progress.ts";
import { whereOption } from "./search.ts";
import { openIndex, storeArgument } from "./store-reference.ts";
import { oneLine } from "./table.ts";

interface Options extends AskingOptions {
  readonly endpoint?: string;
  readonly writer?: string;
  readonly apiKeyEnv?: string;
  readonly rerank?: boolean;
  readonly k: number;
  readonly budget: number;
  readonly threshold?: number;
  readonly where?: Filter;
  readonly json?: boolean;
}

/** Answers from documents: written by a model behind an endpoint, or quoted. */
export const ask: CommandSpec<Options> = {
  name: "ask",
  summary: "Answer a question from the documents of an index, with where each sentence is from",
  arguments: [
    ["<index>", storeArgument],
    ["<question>", "what to answer"],
  ],
  options: [
    new Option(
      "--endpoint <url>",
      "a service that writes, as OpenAI's: http://127.0.0.1:8000/v1; without it, sentences are quoted",
    ),
    new Option("--writer <name>", "what the service calls its model"),
    new Option("--api-key-env <variable>", "the environment variable that holds its key"),
    new Option("--rerank", "let the service order the passages first"),
    new Option("-k <n>", "passages to find").argParser(wholeNumber(1, 1000)).default(12),
    new Option("--budget <tokens>", "of all passages that the service reads")
      .argParser(wholeNumber(1))
      .default(3000),
    new Option(
      "--threshold <cosine>",
      "the least cosine of the best passage: below, the documents don't answer",
    ).argParser(anyNumber),
    whereOption,
    new Option(
      "--model <model>",
      "the embedding model, where it is not the one that the index says",
    ),
    ...modelOptions,
  ],
  examples: [
    'nearfold ask index/ "how do I descale the kettle?"',
    'nearfold ask index/ "which machines may be lent?" --endpoint http://127.0.0.1:8000/v1 --writer qwen3',
    'nearfold ask index/ "what changed in 2024?" --endpoint https://api.openai.com/v1 --writer gpt-5-mini --api-key-env OPENAI_API_KEY',
  ],
  run: async ([reference, question], options, context) => {
    const { k, budget, threshold, where: filter, json = false } = options;
    const { signal } = context;
    const generate = writerOf(options, context);
    await using store = await openIndex(reference);
    await using encoder = await openAsking(store, options, context);
    let shown = false;
    const written: Promise<void>[] = [];
    const show = (text: string) => {
      shown = true;
      written.push(context.write(text));
    };
    const answer = await askDocuments(question, {
      retrieve: storeRetriever(store, encoder, { filter }),
      ...(generate ? { generate } : { similarityTo: encoderSimilarity(encoder) }),
      ...(generate && options.rerank && { rerank: chatReranker(generate) }),
      ...{ k, budget, threshold, signal },
      ...(!json && { onText: show }),
    });
    await Promise.all(written);
    return {
      json: { question, ...answer },
      text: [...(shown ? ["\n"] : []), ...describe(answer)].join("\n"),
    };
  },
};

/** @throws bad-argument for a service without a model's name, a key without a service, or a variable that is not set */
function writerOf(
  { endpoint, writer, apiKeyEnv, rerank }: Options,
  { report }: Context,
): Generate | undefined {
  if (endpoint === undefined) {
    const given = [
      ["--writer", writer],
      ["--api-key-env", apiKeyEnv],
      ["--rerank", rerank],
    ] as const;
    const needless = given.find(([, value]) => value !== undefined);
    if (!needless) return undefined;
    const hint = "Name the service: --endpoint http://HOST:PORT/v1";
    throw new NearfoldError("bad-argument", "there is no service", { at: needless[0], hint });
  }
  if (writer === undefined) {
    const hint = "Say what the service calls its model: --writer NAME";
    throw new NearfoldError("bad-argument", "which model is to write?", { at: "--endpoint", hint });
  }
  const key = apiKeyEnv === undefined ? undefined : process.env[apiKeyEnv];
  if (apiKeyEnv !== undefined && (key === undefined || key === "")) {
    const details = { at: "--api-key-env", got: `no variable ${apiKeyEnv}` };
    throw new NearfoldError("bad-argument", "there is no key", details);
  }
  return chatEndpoint({
    ...{ url: endpoint, model: writer, key },
    onRetry: ({ reason, waitMs }) => {
      const text = `The service failed (${reason}): asked again in ${formatSeconds(waitMs / 1000)}`;
      report({ type: "note", text });
    },
  });
}

function describe(answer: Answer): readonly string[] {
  const { kind, citations, unknownCitations, uncited, cut, leftOut, reranked } = answer;
  if (kind === "none") return [noAnswer(answer)];
  const notes = [
    ...(kind === "extracted"
      ? ["Quoted, not written: the sentences nearest to the question, which may not answer it."]
      : []),
    ...(unknownCitations.length > 0
      ? [`Taken out: citations of passages that don't exist (${unknownCitations.join(", ")}).`]
      : []),
    ...(uncited.length > 0 ? [`Without a citation: ${countOf(uncited.length, "sentence")}.`] : []),
    ...(cut ? ["The service cut its answer off."] : []),
    ...(leftOut > 0 && kind === "generated"
      ? [`Not read: ${countOf(leftOut, "passage")} past the budget.`]
      : []),
    ...(reranked === false
      ? ["The service gave no order: passages stand as they were found."]
      : []),
  ];
  return [...citations.map(line), ...(notes.length > 0 ? ["", ...notes] : [])];
}

function noAnswer({ reason, best, threshold }: Answer): string {
  if (reason === "model") return "Not in the documents, says the model that read the nearest.";
  if (reason === "nothing-found" || best === undefined)
    return "Not in the documents: nothing was found.";
  return `Not in the documents: the nearest passage has a cosine of ${best.toFixed(3)}, and an answer needs ${threshold.toFixed(3)}.`;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** "[1] mill.md, page 2, characters 10 to 52, under Use › Stones  0.812". */
function line({ number, id, source, headings = [], start, end, page, score }: Citation): string {
  const place = [
    oneLine(source ?? id, 80),
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(start === undefined || end === undefined ? [] : [`characters ${start} to ${end}`]),
    ...(headings.length > 0 ? [`under ${oneLine(headings.join(" › "), 80)}`] : []),
  ];
  return `[${number}] ${place.join(", ")}  ${score.toFixed(3)}`;
}
