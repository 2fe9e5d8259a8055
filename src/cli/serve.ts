/** `nearfold serve`: models behind a port, until it is told to stop. */
import { readFile } from "node:fs/promises";
import { Option } from "commander";
import { asIoError, exists } from "../durable.ts";
import {
  createHandler,
  createMetrics,
  createModelChanges,
  type Lane,
  listen,
  openServedModel,
  parseApiKeys,
  type ServedModel,
  type ServiceOptions,
  startService,
} from "../serve/index.ts";
import { type CommandSpec, type Context, numberWithin, wholeNumber } from "./command.ts";
import { type ModelOptions, modelArgument, modelFolder, modelOptions } from "./model-reference.ts";
import { reloadOnHangup } from "./reload-models.ts";
import { jsonLog, type RequestLog } from "./request-log.ts";
import { everyMinute, totalsLine } from "./serving-lines.ts";
import { openSpans, type SpanOptions, spanOptions } from "./span-options.ts";
import { packageVersion } from "./version.ts";

interface Options extends ModelOptions, SpanOptions {
  readonly host: string;
  readonly port: number;
  readonly threads?: number;
  readonly workers?: number;
  readonly maxBatchTokens?: number;
  readonly sliceMs: number;
  readonly bulkShare: number;
  readonly maxWaitMs: number;
  readonly maxBulkWaitMs: number;
  readonly timeoutMs: number;
  readonly maxInputs: number;
  readonly maxBodyBytes: number;
  readonly cacheMb: number;
  readonly apiKeys?: string;
  readonly cors?: string;
  readonly log: "lines" | "json";
}

export const serve: CommandSpec<Options> = {
  name: "serve",
  summary: "Answer over HTTP, by the protocols of OpenAI and text-embeddings-inference",
  arguments: [["<models...>", `${modelArgument}; NAME=MODEL where requests call it otherwise`]],
  options: [
    new Option("--host <address>", "where to listen; 0.0.0.0 for every network").default(
      "127.0.0.1",
    ),
    new Option("--port <n>", "0 for any that is free")
      .argParser(wholeNumber(0, 65_535))
      .default(8080),
    new Option("--threads <n>", "cores to use (default: all)").argParser(wholeNumber(1)),
    new Option(
      "--workers <n>",
      "batches side by side, each with a copy of the weights (default: as many as cores, at most 4)",
    ).argParser(wholeNumber(1, 64)),
    new Option("--max-batch-tokens <n>", "tokens of a batch (default: measured)").argParser(
      wholeNumber(1),
    ),
    new Option("--slice-ms <n>", "longest part of bulk that a query may have to wait for")
      .argParser(numberWithin(1, 10_000))
      .default(25),
    new Option("--bulk-share <share>", "share of the time that bulk gets while queries wait")
      .argParser(numberWithin(0.01, 0.99))
      .default(0.2),
    new Option("--max-wait-ms <n>", "longest wait that a query is let in for")
      .argParser(wholeNumber(0))
      .default(2000),
    new Option("--max-bulk-wait-ms <n>", "longest wait that bulk is let in for")
      .argParser(wholeNumber(0))
      .default(30_000),
    new Option("--timeout-ms <n>", "until a request is given up")
      .argParser(wholeNumber(1))
      .default(60_000),
    new Option("--max-inputs <n>", "texts of a request").argParser(wholeNumber(1)).default(2048),
    new Option("--max-body-bytes <n>", "bytes of a request")
      .argParser(wholeNumber(1))
      .default(2_000_000),
    new Option("--cache-mb <n>", "memory for vectors of texts that are asked for again")
      .argParser(wholeNumber(0, 1_000_000))
      .default(0),
    new Option(
      "--api-keys <file>",
      "a key a line, and perhaps what it is for: interactive, bulk, or admin",
    ),
    new Option("--cors <origin>", "whose pages may ask, or *"),
    new Option("--log <kind>", "a line a minute, or a JSON object a request")
      .choices(["lines", "json"])
      .default("lines"),
    ...spanOptions,
    ...modelOptions,
  ],
  examples: [
    "nearfold serve my-model/ --port 8080",
    "nearfold serve query=small-int8/ document=my-model/ --api-keys keys.txt --log json",
    "nearfold serve my-model/ --cache-mb 256",
  ],
  run: async (references, options, context) => {
    const started = context.now();
    const keys = options.apiKeys === undefined ? undefined : await readKeys(options.apiKeys);
    const metrics = createMetrics();
    await using opened = new AsyncDisposableStack();
    const log: RequestLog | undefined = options.log === "json" ? opened.use(jsonLog()) : undefined;
    const spans = await openSpans(options, context);
    if (spans) opened.use(spans);
    const openOne = async (reference: string, name: string | undefined) =>
      opened.use(await open(reference, name, options, { context, metrics, log }));
    const models: ServedModel[] = [];
    const from = new Map<string, string>();
    for (const reference of references) {
      const { name, model } = await parseReference(reference);
      const found = await openOne(model, name);
      models.push(found);
      from.set(found.name, model);
    }
    const service = await startService(models, {
      ...serviceOptions(options),
      onBatch: metrics.batch,
    });
    const changes = createModelChanges({
      ...{ service, open: openOne, references: from },
      onChange: (name, what) => context.report({ type: "note", text: `${name}: ${what}` }),
    });
    const handler = createHandler(service, {
      ...{ metrics, changes },
      version: packageVersion(),
      maxInputs: options.maxInputs,
      maxBodyBytes: options.maxBodyBytes,
      ...(keys && { keys }),
      ...(options.cors !== undefined && { corsOrigin: options.cors }),
      ...(log && { onRequest: log.request }),
      ...(spans && { tracing: spans }),
    });
    const server = await listen(handler, { host: options.host, port: options.port });
    const { url } = server;
    const lanes = Object.entries(service.lanes)
      .map((lane) => describeLane(lane, service.workers))
      .join("; ");
    const text = `${url} serves ${[...service.models.keys()].join(", ")} (${lanes})`;
    context.report({ type: "note", text, data: { url, lanes: service.lanes } });
    const minutes = everyMinute({ metrics, service, report: context.report, now: context.now });
    using _ = reloadOnHangup(changes);
    await aborted(context.signal);
    minutes.stop();
    context.report({ type: "note", text: "stopping: what was let in is finished" });
    // First those who wait, then the port: until then probes are told that it is not ready.
    await service.drain();
    await server.close();
    const seconds = (context.now() - started) / 1000;
    return {
      json: { url, seconds, ...metrics.totals },
      text: totalsLine(metrics.totals, seconds),
    };
  },
};

interface Opening {
  readonly context: Context;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly log: RequestLog | undefined;
}

async function open(
  reference: string,
  name: string | undefined,
  options: Options,
  { context, metrics, log }: Opening,
): Promise<ServedModel> {
  const folder = await modelFolder(reference, options, context);
  return await openServedModel(folder, {
    ...(name !== undefined && { name }),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.workers !== undefined && { workers: options.workers }),
    onRestart: ({ cause, failed }) => {
      metrics.restarted();
      log?.restart({ cause, failed });
      const outcome =
        failed === undefined ? "is open again" : `cannot be opened: ${(failed as Error).message}`;
      const text = `${reference}: a session failed (${(cause as Error).message}) and ${outcome}`;
      context.report({ type: "note", text });
    },
  });
}

/** `NAME=MODEL`, unless there is a folder of that name. */
async function parseReference(reference: string) {
  const found = /^(?<name>[\w.-]+)=(?<model>.+)$/.exec(reference)?.groups;
  if (!found || (await exists(reference))) return { name: undefined, model: reference };
  return { name: found.name, model: found.model };
}

/** @throws not-found, io, bad-input */
async function readKeys(path: string) {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw asIoError(cause, path, "read");
  });
  return parseApiKeys(text, path);
}

function serviceOptions(options: Options): ServiceOptions {
  const { maxBatchTokens, sliceMs, bulkShare, timeoutMs, maxWaitMs, maxBulkWaitMs } = options;
  return {
    ...{ sliceMs, bulkShare, timeoutMs, cacheBytes: options.cacheMb * 1e6 },
    maxWaitMs: { interactive: maxWaitMs, bulk: maxBulkWaitMs },
    ...(maxBatchTokens !== undefined && { maxBatchTokens }),
  };
}

function describeLane([name, lane]: [string, Lane], workers: number): string {
  const { budgetTokens, sliceTokens, tokensPerMs } = lane;
  const speed = Math.round(1000 * tokensPerMs * workers).toLocaleString("en");
  const each = `batches of ${budgetTokens} tokens, bulk of ${sliceTokens}`;
  return `${name}: ${speed} tokens/s, ${workers > 1 ? `${workers} at once, ` : ""}${each}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
