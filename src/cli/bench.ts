/** `nearfold bench serve`: a load for a server that runs. */
import { extname } from "node:path";
import { Option } from "commander";
import { readDocuments } from "../data/index.ts";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { arrivalTimes, type LoadResult, runLoad, type Send } from "../serve/index.ts";
import { type CommandSpec, positiveNumber, positiveNumbers, wholeNumber } from "./command.ts";
import { loadChart } from "./load-chart.ts";
import { requireWritable } from "./output.ts";
import { trackTask } from "./progress.ts";
import { readAll } from "./reading.ts";
import { table } from "./table.ts";

interface Options {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly queries?: string;
  readonly bulk: number;
  readonly bulkInputs: number;
  readonly texts?: string;
  readonly model?: string;
  readonly key?: string;
  readonly seed: number;
  readonly out?: string;
}

/** Short, as what people type into a search. */
const QUERIES = [
  "how do I read a file line by line in typescript",
  "remove white space from both ends of a string",
  "what is the capital of france",
  "return policy for damaged parcels",
];

const BULK_TEXT =
  "The library keeps every document in a folder of its own, and writes what has changed to a new file before the old one is removed. ";

export const bench: CommandSpec<Options> = {
  name: "bench",
  summary: "Measure a server under load: latency of queries, throughput of bulk",
  arguments: [
    ["<what>", "serve: a server that speaks OpenAI's protocol"],
    ["<url>", "where it is: http://127.0.0.1:8080"],
  ],
  options: [
    new Option("--rates <list>", "queries a second, one load after another")
      .argParser(positiveNumbers)
      .default([5, 10, 20]),
    new Option("--seconds <n>", "of each load").argParser(positiveNumber).default(10),
    new Option("--queries <file>", "texts to ask with (default: a few of ours)"),
    new Option("--bulk <n>", "streams of bulk beside the queries")
      .argParser(wholeNumber(0))
      .default(0),
    new Option("--bulk-inputs <n>", "texts of a bulk request")
      .argParser(wholeNumber(1))
      .default(32),
    new Option("--texts <file>", "texts of the bulk (default: one of ours, of several lengths)"),
    new Option("--model <name>", "which of the server's models (default: its first)"),
    new Option("--key <key>", "an API key"),
    new Option("--seed <n>", "of the arrivals").argParser(wholeNumber(0)).default(1),
    new Option("--out <file>", ".json of the results, or .svg of latency over load"),
  ],
  examples: [
    "nearfold bench serve http://127.0.0.1:8080 --rates 10,20,40 --out load.svg",
    "nearfold bench serve http://127.0.0.1:8080 --rates 20 --bulk 2 --json",
  ],
  run: async ([what, url], options, { report, signal, now }) => {
    if (what !== "serve") {
      throw new NearfoldError("bad-argument", "not something to measure", {
        got: what,
        wanted: "serve",
        hint: "What the library itself is measured by is in its clone: npm run bench",
      });
    }
    const write = await writerOf(options.out);
    const queries = await textsOf(options.queries, QUERIES);
    const texts = await textsOf(options.texts, bulkTexts());
    const send = senderOf(url, options, signal);
    await requireAnswer(send, url, queries[0]);
    const results: LoadResult[] = [];
    for (const perSecond of options.rates) {
      const { seconds, seed } = options;
      const total = arrivalTimes({ perSecond, seconds, seed }).length;
      const task = `${perSecond} queries/s`;
      const advance = trackTask(report, { task, unit: "queries", total }, now);
      const bulk = { streams: options.bulk, batch: options.bulkInputs, texts };
      results.push(
        await runLoad({
          ...{ perSecond, seconds, seed, queries, send, signal },
          ...(options.bulk > 0 && { bulk }),
          onProgress: (done) => advance(done),
        }),
      );
    }
    await write(results);
    return { json: { url, results }, text: toTable(results) };
  },
};

/** Says before the load whether anyone is there. @throws io */
async function requireAnswer(send: Send, url: string, text: string): Promise<void> {
  const status = await send([text], "interactive");
  if (status === 200) return;
  const got = status === 0 ? "no answer" : `status ${status}`;
  throw new NearfoldError("io", "the server does not embed", { at: url, got });
}

function senderOf(url: string, { model, key }: Options, signal: AbortSignal): Send {
  if (!URL.canParse(url)) {
    const wanted = "http://HOST:PORT";
    throw new NearfoldError("bad-argument", "not a URL", { got: url, wanted });
  }
  const route = `${url.replace(/\/+$/, "")}/v1/embeddings`;
  return async (input, priority) => {
    try {
      const response = await fetch(route, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-nearfold-priority": priority,
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
        // As OpenAI's own clients ask.
        body: JSON.stringify({ input, encoding_format: "base64", ...(model && { model }) }),
        signal,
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  };
}

async function textsOf(
  path: string | undefined,
  otherwise: readonly string[],
): Promise<readonly string[]> {
  if (path === undefined) return otherwise;
  const { rows } = await readAll(path, readDocuments, {}, () => {});
  if (rows.length > 0) return rows.map(({ text }) => text);
  throw new NearfoldError("bad-input", "there is no text in it", { at: path });
}

/** Of about 25 to 250 tokens. */
function bulkTexts(): string[] {
  return Array.from({ length: 64 }, (_, i) => BULK_TEXT.repeat(1 + ((i * 7) % 10)));
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

function toTable(results: readonly LoadResult[]): string {
  const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "-");
  const rows = results.map(({ perSecond, latencies, refused, failed, bulk, senderCores }) => [
    `${perSecond}`,
    `${latencies.count}`,
    ...[latencies.p50, latencies.p95, latencies.p99, latencies.max].map(ms),
    `${refused.count}`,
    `${failed}`,
    bulk ? bulk.textsPerSecond.toFixed(1) : "-",
    senderCores.toFixed(2),
  ]);
  const head = ["queries/s", "answered", "p50 ms", "p95", "p99", "max", "refused", "failed"];
  return table([...head, "bulk texts/s", "sender's cores"], rows);
}
