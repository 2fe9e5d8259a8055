/** Requests as spans, as a collector receives them. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { saveModel } from "../src/models/index.ts";
import {
  createHandler,
  createMetrics,
  type LostSpans,
  openOtlpTracing,
  openServedModel,
  type RequestReport,
  type ServedModel,
  type Service,
  startService,
  type Tracing,
} from "../src/serve/index.ts";
import { type Collector, type ReceivedSpan, startCollector } from "./collector.ts";
import { startServing } from "./serving.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert } from "./tiny-models.ts";

const words = texts.filter((text) => text !== "");
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
let model: ServedModel;
let service: Service;
let collector: Collector;

beforeAll(async () => {
  model = await openServedModel(tinyBert());
  service = await startService([model], { maxBatchTokens: 64 });
  collector = await startCollector();
});
afterAll(async () => {
  await service.drain();
  await model[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

interface Asked {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Asks a traced server, and gives what the collector has once all spans are sent. */
async function trace(
  asked: readonly Asked[],
  { share = 1, onRequest }: { share?: number; onRequest?: (report: RequestReport) => void } = {},
): Promise<readonly ReceivedSpan[]> {
  const before = collector.spans.length;
  {
    await using tracing = await openOtlpTracing({ url: collector.url, version: "1.2.3", share });
    await askAll(asked, tracing, onRequest);
  }
  return collector.spans.slice(before);
}

async function askAll(
  asked: readonly Asked[],
  tracing: Tracing,
  onRequest: ((report: RequestReport) => void) | undefined,
): Promise<readonly number[]> {
  const options = { metrics: createMetrics(), version: "1", ...(onRequest && { onRequest }) };
  const handler = createHandler(service, { ...options, tracing });
  const statuses: number[] = [];
  for (const { path, body, headers = {} } of asked) {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await handler(new Request(`http://x${path}`, { headers, ...init }));
    statuses.push(response.status);
  }
  return statuses;
}

const embedding = (input: unknown, headers: Record<string, string> = {}): Asked => ({
  ...{ path: "/v1/embeddings", body: { input }, headers },
});

test("a request is a span of the caller's trace, and its stages are its children", async () => {
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=b" };
  const began = Date.now();
  const reports: RequestReport[] = [];
  const onRequest = (report: RequestReport) => reports.push(report);
  const spans = await trace([embedding([words[0], words[1]], headers)], { onRequest });
  const [request] = spans.filter(({ kind }) => kind === 2);
  expect(request).toMatchObject({
    ...{ name: "POST /v1/embeddings", traceId: TRACE, parentSpanId: PARENT, status: 0 },
    attributes: {
      "http.request.method": "POST",
      "http.route": "/v1/embeddings",
      "http.response.status_code": 200,
      "nearfold.model": "tiny-bert",
      "nearfold.space": model.space.id,
      "nearfold.class": "interactive",
      "nearfold.inputs": 2,
      "nearfold.truncated": 0,
    },
    resource: { "service.name": "nearfold", "service.version": "1.2.3" },
  });
  const children = spans.filter(({ kind }) => kind !== 2).toSorted((a, b) => a.start - b.start);
  expect(children.map(({ name }) => name)).toEqual(["tokenize", "queue", "run"]);
  const tokens = request.attributes["nearfold.tokens"] as number;
  expect(tokens).toBeGreaterThan(4);
  expect(children.map(({ attributes }) => attributes)).toEqual([
    { "nearfold.inputs": 2, "nearfold.tokens": tokens },
    { "nearfold.class": "interactive" },
    { "nearfold.tokens": tokens, "nearfold.batches": 1, "nearfold.batch_tokens": tokens },
  ]);
  for (const [i, child] of children.entries()) {
    expect(child).toMatchObject({ traceId: TRACE, parentSpanId: request.spanId });
    expect(child.start).toBeGreaterThanOrEqual(
      i === 0 ? request.start : children[i - 1].end - 0.01,
    );
    expect(child.end).toBeLessThanOrEqual(request.end + 0.01);
  }
  expect(request.start).toBeGreaterThanOrEqual(began - 1);
  expect(request.end).toBeLessThanOrEqual(Date.now() + 1);
  expect(reports).toMatchObject([{ traceId: TRACE }]);
});

test("bulk that runs in several batches says in how many", async () => {
  const input = Array.from({ length: 40 }, (_, i) => words[i % words.length]);
  const spans = await trace([embedding(input)]);
  const run = spans.find(({ name }) => name === "run")!;
  expect(run.attributes["nearfold.batches"]).toBeGreaterThan(1);
  expect(run.attributes["nearfold.batch_tokens"]).toBe(run.attributes["nearfold.tokens"]);
  expect(spans.find(({ kind }) => kind === 2)!.attributes["nearfold.class"]).toBe("bulk");
});

test.each<[who: string, header: string | undefined, share: number, spans: number]>([
  ["a caller that traces", `00-${TRACE}-${PARENT}-01`, 0, 4],
  ["a caller that does not", `00-${TRACE}-${PARENT}-00`, 1, 0],
  ["nobody, of a share of none", undefined, 0, 0],
  ["nobody", undefined, 1, 4],
  ["a header that is none", "00-zz-11", 1, 4],
  ["an empty trace", `00-${"0".repeat(32)}-${PARENT}-01`, 1, 4],
])("%s decides whether a request is traced", async (_, traceparent, share, count) => {
  const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent };
  const spans = await trace([embedding(words[0], headers)], { share });
  expect(spans.length).toBe(count);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(Math.min(1, count));
});

test("what is refused says so by its code; a client's fault is no error of the server's", async () => {
  const spans = await trace([
    { path: "/v1/embeddings", body: { input: "a", model: "other" } },
    { path: "/embed", body: { inputs: 7 } },
    { path: "/v1/embeddings", body: { input: "a", dimensions: 3 } },
  ]);
  expect(
    spans.map(({ name, attributes, status }) => [name, attributes["error.type"], status]),
  ).toEqual([
    ["POST /v1/embeddings", "not-found", 0],
    ["POST /embed", "bad-input", 0],
    ["POST /v1/embeddings", "bad-argument", 0],
  ]);
});

test("a server that fails is an error of its span", async () => {
  await using broken = await openServedModel(tinyBert());
  const failing = await startService([broken]);
  await failing.drain();
  const before = collector.spans.length;
  {
    await using tracing = await openOtlpTracing({ url: collector.url, version: "1" });
    const handler = createHandler(failing, { metrics: createMetrics(), version: "1", tracing });
    const body = JSON.stringify({ inputs: "a" });
    expect((await handler(new Request("http://x/embed", { method: "POST", body }))).status).toBe(
      503,
    );
  }
  const [span] = collector.spans.slice(before);
  expect(span).toMatchObject({
    status: 2,
    attributes: { "error.type": "io", "nearfold.inputs": 1, "nearfold.model": "tiny-bert" },
  });
});

test("probes and paths that are not ours have no span", async () => {
  const paths = ["/health", "/livez", "/readyz", "/metrics", "/openapi.json", "/nowhere"];
  expect(await trace(paths.map((path) => ({ path })))).toEqual([]);
});

test("nothing of a text is in them", async () => {
  const secret = "zebracorn quuxophone";
  const asked = [
    embedding(secret),
    { path: "/v1/embeddings", body: { input: "a", encoding_format: secret } },
    { path: "/tokenize", body: { inputs: secret } },
    { path: `/${secret}`, body: {} },
  ];
  expect((await trace(asked)).length).toBe(6);
  const found = secret.split(" ").filter((word) => collector.received.includes(word));
  expect(found).toEqual([]);
});

describe("a collector", () => {
  test.each<[string, { url: string } | { status: number }]>([
    ["that is away", { url: "http://127.0.0.1:9" }],
    ["that refuses", { status: 400 }],
  ])("%s costs spans, and no answer", async (_, where) => {
    await using own = await startCollector("status" in where ? where : {});
    const lost: LostSpans[] = [];
    const start = performance.now();
    {
      const url = "url" in where ? where.url : own.url;
      const onLost = (found: LostSpans) => lost.push(found);
      await using tracing = await openOtlpTracing({ url, version: "1", onLost });
      expect(await askAll([embedding(words[0])], tracing, undefined)).toEqual([200]);
    }
    expect(performance.now() - start).toBeLessThan(8000);
    // One that may come back is asked again until the server ends, and says nothing by then.
    if ("status" in where) expect(lost).toMatchObject([{ spans: 4, cause: expect.any(Error) }]);
  });

  test.each(["here", "ftp://127.0.0.1", "my-model/"])("%j is no URL of one", async (url) => {
    const opened = openOtlpTracing({ url, version: "1" });
    await expect(opened).rejects.toMatchObject({ code: "bad-argument" });
  });

  test("is found below a path, and by its whole address", async () => {
    for (const path of ["/otel/", "/otel", "/v1/traces"]) {
      await using own = await startCollector();
      {
        await using tracing = await openOtlpTracing({ url: `${own.url}${path}`, version: "1" });
        await askAll([embedding(words[0])], tracing, undefined);
      }
      const wanted = path.startsWith("/otel") ? "/otel/v1/traces" : "/v1/traces";
      expect(own.paths).toEqual([wanted]);
    }
  });
});

describe("as typed", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await saveModel(`${folder.path}/model`, tinyBert());
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await folder[Symbol.asyncDispose]();
  });

  test.each<[string, (url: string) => readonly string[], spans: number]>([
    ["--otlp URL", (url) => ["--otlp", url], 4],
    ["--otlp, and the environment's address", () => ["--otlp"], 4],
    ["without it nothing is sent, whatever the environment says", () => [], 0],
  ])("%s", async (_, options, count) => {
    await using own = await startCollector();
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", own.url);
    vi.stubEnv("OTEL_SERVICE_NAME", "search");
    await using started = await startServing([`${folder.path}/model`, ...options(own.url)]);
    const body = JSON.stringify({ inputs: words[0] });
    expect((await fetch(`${started.url}/embed`, { method: "POST", body })).status).toBe(200);
    expect(await started.stop()).toBe(0);
    expect(own.spans.length).toBe(count);
    expect(own.paths.length).toBe(Math.min(1, count));
    for (const { resource } of own.spans) expect(resource["service.name"]).toBe("search");
  });

  test("a model behind --otlp is told from a URL", async () => {
    const typed = startServing(["model/", "--otlp", `${folder.path}/model`]);
    await expect(typed).rejects.toThrow("Models go before the option");
  });
});
