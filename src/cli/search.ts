import { InvalidArgumentError, Option } from "commander";
import { type Found, findPassages, type SearchMode, searchModes } from "../apps/search/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Filter, HybridWeights } from "../stores/index.ts";
import { parseFilter } from "../stores/parse-filter.ts";
import { type CommandSpec, wholeNumber } from "./command.ts";
import { type AskingOptions, openAsking } from "./index-model.ts";
import { modelOptions } from "./model-reference.ts";
import { openIndex, storeArgument } from "./store-reference.ts";
import { oneLine } from "./table.ts";

interface Options extends AskingOptions {
  readonly k: number;
  readonly mode: SearchMode;
  readonly weights?: HybridWeights;
  readonly where?: Filter;
  readonly page: number;
  readonly allPassages?: boolean;
}

export const whereOption = new Option(
  "--where <condition>",
  'only documents that meet it: year >= 2000 and (lang = "en" or tag in ("a", "b"))',
).argParser(parseFilter);

/** The documents of an index that answer a query best. */
export const search: CommandSpec<Options> = {
  name: "search",
  summary: "Search an index",
  arguments: [
    ["<index>", storeArgument],
    ["<query>", "what to look for"],
  ],
  options: [
    new Option("-k <n>", "how many hits").argParser(wholeNumber(1, 1000)).default(10),
    new Option("--mode <mode>", "by vectors, by keywords, or by both, fused by their ranks")
      .choices(searchModes)
      .default("hybrid"),
    new Option("--weights <v,k>", "what vectors and keywords count in a hybrid search")
      .argParser(parseWeights)
      .default(undefined, "1,1"),
    whereOption,
    new Option("--page <n>", "further hits: the second page, the third")
      .argParser(wholeNumber(1, 1000))
      .default(1),
    new Option("--all-passages", "every passage of a document, not only its best"),
    new Option("--model <model>", "the model, where it is not the one that the index says"),
    ...modelOptions,
  ],
  examples: [
    'nearfold search index/ "how do I read a file?"',
    'nearfold search index/ "wool" -k 3 --json',
    'nearfold search index/ "tax" --where \'year >= 2020 and lang = "en"\' --page 2',
    'nearfold search index/ "ERR_BAD_ARG" --mode keyword',
  ],
  run: async ([reference, query], options, context) => {
    const { k, mode, weights, where: filter, page, allPassages = false } = options;
    if (query.trim() === "") throw new NearfoldError("bad-argument", "the query is empty");
    await using store = await openIndex(reference);
    await using encoder = await openAsking(store, options, context);
    const hits = await findPassages(store, encoder, query, k, {
      ...{ mode, weights, filter, signal: context.signal },
      ...{ offset: (page - 1) * k, distinct: !allPassages },
    });
    return {
      json: { query, mode, hits: hits.map(toJson) },
      text:
        hits.map((hit, i) => describe(hit, (page - 1) * k + i)).join("\n") ||
        ((await store.count()) === 0 ? "The index is empty." : "Nothing was found."),
    };
  },
};

function toJson({ payload, ...hit }: Found) {
  // What is the hit's comes first, and no field of a document takes its place.
  return { ...hit, ...payload, ...hit };
}

function describe({ id, score, payload }: Found, place: number): string {
  const text = typeof payload?.text === "string" ? payload.text : "";
  return `${String(place + 1).padStart(2)}  ${score.toFixed(4)}  ${oneLine(id, 40)}  ${oneLine(text, 100)}`;
}

function parseWeights(text: string): HybridWeights {
  const [vector, keyword, ...rest] = text.split(",").map(Number);
  if (rest.length === 0 && vector >= 0 && keyword >= 0 && vector + keyword > 0) {
    return { vector, text: keyword };
  }
  throw new InvalidArgumentError("Two numbers from 0, not both 0: 2,1");
}
