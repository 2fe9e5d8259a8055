import { Option } from "commander";
import { compareRuns, runQueries } from "../apps/compare/index.ts";
import { withoutSecrets } from "../stores/server-reference.ts";
import { type CommandSpec, type Context, wholeNumber } from "./command.ts";
import { describeComparison } from "./index-comparison.ts";
import { openAsking } from "./index-model.ts";
import { type ModelOptions, modelOptions } from "./model-reference.ts";
import { trackTask } from "./progress.ts";
import { readJudgements, readQueries } from "./query-log.ts";
import { openIndex, storeArgument } from "./store-reference.ts";

interface Options extends ModelOptions {
  readonly k: number;
  readonly qrels?: string;
  readonly worst: number;
  readonly modelA?: string;
  readonly modelB?: string;
}

/** The same queries through two indexes, each with its own model. */
export const compareIndexes: CommandSpec<Options> = {
  name: "compare",
  summary: "Ask two indexes the same, and see how far they agree",
  arguments: [
    ["<a>", storeArgument],
    ["<b>", "another"],
    ["<queries>", 'JSONL of {"id"?, "text"}, or a .txt with a query a line'],
  ],
  options: [
    new Option("-k <n>", "first documents that are compared")
      .argParser(wholeNumber(1, 100))
      .default(10),
    new Option("--qrels <file>", "query-id ⇥ document-id ⇥ grade: which finds more of these"),
    new Option("--worst <n>", "how many of the queries that differ most are shown")
      .argParser(wholeNumber(0, 1000))
      .default(5),
    new Option("--model-a <model>", "what asks the first, where it is not its own model"),
    new Option("--model-b <model>", "what asks the second, where it is not its own model"),
    ...modelOptions,
  ],
  examples: [
    "nearfold compare products-v1/ products-v2/ queries.jsonl",
    "nearfold compare products-v1/ products-v2/ queries.jsonl --qrels test.tsv --json",
  ],
  run: async ([a, b, path], options, context) => {
    const { k, qrels, worst, modelA, modelB, ...models } = options;
    const queries = await readQueries(path);
    const judgements = await readJudgements(qrels);
    const depth = Math.max(k, 10);
    const ask = async (reference: string, model: string | undefined) => {
      await using store = await openIndex(reference);
      const asking = { ...models, ...(model !== undefined && { model }) };
      await using encoder = await openAsking(store, asking, context);
      return await runQueries({ store, encoder }, queries, {
        ...{ depth, signal: context.signal },
        onProgress: trackQueries(withoutSecrets(reference), queries.length, context),
      });
    };
    const runs = [await ask(a, modelA), await ask(b, modelB)] as const;
    const found = compareRuns(...runs, queries, {
      ...{ k, worst },
      ...(judgements && { qrels: judgements }),
    });
    const names = { a: withoutSecrets(a), b: withoutSecrets(b) };
    return { text: describeComparison(found, names), json: { ...names, ...found } };
  },
};

export function trackQueries(
  name: string,
  total: number,
  { report, now }: Pick<Context, "report" | "now">,
) {
  return trackTask(report, { task: `asking ${name}`, unit: "queries", total }, now);
}
