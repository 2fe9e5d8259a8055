/** Spans by OpenTelemetry's own packages, over OTLP/HTTP. They are loaded when tracing is opened: who asks for no spans pays for none. */
import type { Context, Span, TimeInput, Tracer } from "@opentelemetry/api";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { NearfoldError } from "../../errors.ts";
import { answerAttributes, type RequestTrace, stageSpans, type Tracing } from "./request-trace.ts";

export interface OtlpOptions {
  /** Of the collector: `http://127.0.0.1:4318`. @default as OTEL_EXPORTER_OTLP_ENDPOINT says, which the exporter reads; this machine where it says nothing */
  readonly url?: string;
  /** Of the program. */
  readonly version: string;
  /** The share that is traced of the requests that bring no `traceparent`. @default 1 */
  readonly share?: number;
  /** Told of spans that the collector did not take. */
  readonly onLost?: (lost: LostSpans) => void;
}

export interface LostSpans {
  readonly spans: number;
  readonly cause: Error | undefined;
}

/** A collector that does not answer holds the end of the server up for no longer. */
const CLOSE_MS = 3000;
/** Spans that wait to be sent: some seconds of a busy server. More are dropped. */
const MOST_WAITING = 16_384;

/** Spans are sent some seconds after they ended, many at once. @throws bad-argument for a URL that is none; not-found where the packages are not installed */
export async function openOtlpTracing(options: OtlpOptions): Promise<Tracing> {
  const { version, share = 1, onLost } = options;
  const url = options.url === undefined ? undefined : tracesUrl(options.url);
  const { api, sdk, otlp, resources, core } = await loadPackages();
  const exporter = new otlp.OTLPTraceExporter(url === undefined ? {} : { url });
  const processor = new sdk.BatchSpanProcessor({
    exporter: onLost ? watched(exporter, onLost) : exporter,
    maxQueueSize: MOST_WAITING,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceOf(resources, version),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("nearfold", version);
  const propagator = new core.W3CTraceContextPropagator();
  return {
    begin: ({ method, route, headers, start }) => {
      const parent = propagator.extract(api.ROOT_CONTEXT, headers, headerGetter);
      const attributes = { "http.request.method": method, "http.route": route };
      const kind = api.SpanKind.SERVER;
      const options = { kind, startTime: sinceEpoch(start), attributes };
      const span = tracer.startSpan(`${method} ${route}`, options, parent);
      return toTrace(span, {
        tracer,
        inside: api.trace.setSpan(parent, span),
        failed: api.SpanStatusCode.ERROR,
      });
    },
    [Symbol.asyncDispose]: () => within(CLOSE_MS, provider.shutdown()),
  };
}

interface SpanWorld {
  readonly tracer: Tracer;
  /** Whose span is the request's: its children's. */
  readonly inside: Context;
  /** The status of a span that failed. */
  readonly failed: number;
}

function toTrace(span: Span, { tracer, inside, failed }: SpanWorld): RequestTrace {
  return {
    traceId: span.spanContext().traceId,
    asks: ({ model: { name, space }, inputs }) => {
      const count = inputs.length;
      span.setAttributes({
        "nearfold.model": name,
        "nearfold.space": space.id,
        "nearfold.inputs": count,
      });
    },
    embedded: (answer, start) => {
      if (!span.isRecording()) return;
      span.setAttributes(answerAttributes(answer));
      for (const { name, start: from, end, attributes } of stageSpans(answer, start)) {
        const options = { startTime: sinceEpoch(from), attributes };
        tracer.startSpan(name, options, inside).end(sinceEpoch(end));
      }
    },
    end: ({ status, error }) => {
      span.setAttribute("http.response.status_code", status);
      // The code alone: a message may quote what was sent.
      if (error) span.setAttribute("error.type", error.code);
      // What a client did wrong is no failure of the server's span (OpenTelemetry's conventions for HTTP).
      if (status >= 500) span.setStatus({ code: failed });
      span.end(sinceEpoch(performance.now()));
    },
  };
}

/** Milliseconds since 1970, to the microsecond. */
function sinceEpoch(ms: number): TimeInput {
  return performance.timeOrigin + ms;
}

const headerGetter = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};

type Packages = Awaited<ReturnType<typeof loadPackages>>;

/** @throws not-found */
async function loadPackages() {
  try {
    return {
      api: await import("@opentelemetry/api"),
      core: await import("@opentelemetry/core"),
      otlp: await import("@opentelemetry/exporter-trace-otlp-http"),
      resources: await import("@opentelemetry/resources"),
      sdk: await import("@opentelemetry/sdk-trace"),
    };
  } catch (cause) {
    const names = ["api", "core", "exporter-trace-otlp-http", "resources", "sdk-trace"];
    throw new NearfoldError("not-found", "spans need packages that are not installed", {
      got: (cause as Error).message,
      hint: `npm install ${names.map((name) => `@opentelemetry/${name}`).join(" ")}`,
      cause,
    });
  }
}

/** What the spans are of. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word. */
function resourceOf(resources: Packages["resources"], version: string) {
  const own = { "service.name": "nearfold", "service.version": version };
  const detectors = [
    resources.serviceInstanceIdDetector,
    resources.resourceAttributesEnvDetector,
    resources.serviceNameEnvDetector,
  ];
  return resources
    .defaultResource()
    .merge(resources.resourceFromAttributes(own))
    .merge(resources.detectResources({ detectors }));
}

/** Where a collector takes spans (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). @throws bad-argument */
function tracesUrl(given: string): string {
  const url = URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol)) {
    const [got, wanted] = [given, "http://HOST:4318"];
    const hint = "Models go before the option";
    throw new NearfoldError("bad-argument", "not the URL of a collector", { got, wanted, hint });
  }
  if (!url.pathname.endsWith("/v1/traces")) {
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/traces`;
  }
  return url.href;
}

/** An exporter whose failures are told: the SDK drops what was not taken, and says nothing. */
function watched(exporter: SpanExporter, onLost: (lost: LostSpans) => void): SpanExporter {
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        // 0 is success.
        if (result.code !== 0) onLost({ spans: spans.length, cause: result.error });
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

/** Whatever comes of it, and for no longer. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
