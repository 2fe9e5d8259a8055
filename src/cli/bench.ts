/** `nearfold bench serve`: a load for a server that runs. */
import { extname } from "node:path";
import { Option } from "commander";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import {
  arrivalTimes,
  type BulkLoad,
  type LoadResult,
  openSender,
  runClosedLoad,
  runLoad,
  type Send,
  type SenderOptions,
  serverMemoryMb,
} from "../serve/index.ts";
import {
  type CommandSpec,
  type Context,
  positiveNumber,
  positiveNumbers,
  wholeNumber,
  wholeNumbers,
} from "./command.ts";
import { loadChart } from "./load-chart.ts";
import { loadTable, type MeasuredLoad } from "./load-table.ts";
import { bulkTexts, queryTexts } from "./load-texts.ts";
import { requireWritable } from "./output.ts";
import { trackTask } from "./progress.ts";

interface Options {
  readonly rates?: readonly number[];
  readonly clients?: readonly number[];
  readonly seconds: number;
  readonly queries?: string;
  readonly words?: readonly number[];
  readonly bulk: number;
  readonly bulkInputs: number;
  readonly texts?: string;
  readonly model?: string;
  readonly key?: string;
  readonly bulkKey?: string;
  readonly seed: number;
  readonly out?: string;
}

/** Where neither rates nor clients are named. */
const RATES = [5, 10, 20];

export const bench: CommandSpec<Options> = {
  name: "bench",
  summary: "Measure a server under load: latency of queries, throughput of bulk",
  arguments: [
    ["<what>", "serve: a server that speaks OpenAI's protocol"],
    ["<url>", "where it is: http://127.0.0.1:8080"],
  ],
  options: [
    new Option(
      "--rates <list>",
      `queries a second that come when they come, one load after another (default: ${RATES})`,
    ).argParser(positiveNumbers),
    new Option(
      "--clients <list>",
      "loads of so many clients, each of which asks again once it is answered",
    ).argParser(wholeNumbers),
    new Option("--seconds <n>", "of each load").argParser(positiveNumber).default(10),
    new Option("--queries <file>", "texts to ask with (default: a few of ours, of 5 to 10 words)"),
    new Option("--words <list>", "ask with texts of so many words, in turn").argParser(
      wholeNumbers,
    ),
    new Option("--bulk <n>", "streams of bulk beside the queries")
      .argParser(wholeNumber(0))
      .default(0),
    new Option("--bulk-inputs <n>", "texts of a bulk request")
      .argParser(wholeNumber(1))
      .default(32),
    new Option("--texts <file>", "texts of the bulk (default: one of ours, of several lengths)"),
    new Option("--model <name>", "which of the server's models (default: its first)"),
    new Option("--key <key>", "an API key"),
    new Option("--bulk-key <key>", "an API key of the bulk (default: the same)"),
    new Option("--seed <n>", "of the arrivals").argParser(wholeNumber(0)).default(1),
    new Option("--out <file>", ".json of the results, or .svg of latency over load"),
  ],
  examples: [
    "nearfold bench serve http://127.0.0.1:8080 --rates 10,20,40 --out load.svg",
    "nearfold bench serve http://127.0.0.1:8080 --rates 20 --bulk 2 --json",
    "nearfold bench serve http://127.0.0.1:8080 --clients 1,32",
  ],
  run: async ([what, url], options, context) => {
    if (what !== "serve") {
      throw new NearfoldError("bad-argument", "not something to measure", {
        got: what,
        wanted: "serve",
        hint: "What the library itself is measured by is in its clone: npm run bench",
      });
    }
    const { signal } = context;
    const write = await writerOf(options.out);
    const queries = await queryTexts(options.queries, options.words);
    const { bulk: streams, bulkInputs: batch } = options;
    const bulk = { streams, batch, texts: await bulkTexts(options.texts) };
    using sender = openSender(url, { ...senderOptions(options), signal });
    const { send } = sender;
    await requireAnswer(send, url, queries[0]);
    const results: MeasuredLoad[] = [];
    for (const load of loadsOf(options)) {
      const before = await serverMemoryMb(url, signal);
      const found = await runOne(load, options, { send, queries, bulk, context });
      const after = await serverMemoryMb(url, signal);
      const known = before !== undefined && after !== undefined;
      results.push({ ...found, ...(known && { serverMb: { before, after } }) });
    }
    await write(results);
    return { json: { url, results }, text: loadTable(results) };
  },
};

type Load = { readonly perSecond: number } | { readonly clients: number };

function loadsOf({ rates, clients = [] }: Options): readonly Load[] {
  const open = rates ?? (clients.length > 0 ? [] : RATES);
  return [...open.map((perSecond) => ({ perSecond })), ...clients.map((n) => ({ clients: n }))];
}

function senderOptions({ model, key, bulkKey }: Options): SenderOptions {
  return {
    ...(model !== undefined && { model }),
    ...(key !== undefined && { key }),
    ...(bulkKey !== undefined && { bulkKey }),
  };
}

interface World {
  readonly send: Send;
  readonly queries: readonly string[];
  readonly bulk: BulkLoad;
  readonly context: Context;
}

async function runOne(
  load: Load,
  { seconds, seed }: Options,
  { send, queries, bulk, context: { report, signal, now } }: World,
): Promise<LoadResult> {
  const common = { seconds, queries, send, signal, ...(bulk.streams > 0 && { bulk }) };
  if ("clients" in load) {
    const task = { task: `${load.clients} clients`, unit: "s", total: seconds };
    const advance = trackTask(report, task, now);
    let told = -1;
    const onProgress = (done: number) => {
      if (done > told) advance(done);
      told = done;
    };
    return await runClosedLoad({ ...common, ...load, onProgress });
  }
  const total = arrivalTimes({ ...load, seconds, seed }).length;
  const task = { task: `${load.perSecond} queries/s`, unit: "queries", total };
  const advance = trackTask(report, task, now);
  return await runLoad({ ...common, ...load, seed, onProgress: (done) => advance(done) });
}

/** Says before the load whether anyone is there. @throws io */
async function requireAnswer(send: Send, url: string, text: string): Promise<void> {
  const status = await send([text], "interactive");
  if (status === 200) return;
  const got = status === 0 ? "no answer" : `status ${status}`;
  throw new NearfoldError("io", "the server does not embed", { at: url, got });
}

/** @throws bad-argument, io, before the load */
async function writerOf(
  out: string | undefined,
): Promise<(results: readonly LoadResult[]) => Promise<void>> {
  if (out === undefined) return async () => {};
  const kind = extname(out).toLowerCase();
  if (kind !== ".json" && kind !== ".svg") {
    const [at, wanted] = [out, ".json or .svg"];
    throw new NearfoldError("bad-argument", "not a kind of file for a load", { at, wanted });
  }
  await requireWritable(out);
  return async (results) => {
    const text = kind === ".json" ? `${JSON.stringify(results, null, 2)}\n` : loadChart(results);
    await writeDurably(out, text);
  };
}
