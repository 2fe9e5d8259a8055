/** A collector of spans: a receiver of OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  readonly name: string;
  /** 2 is of a server's request, 1 of a part inside it. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 2 an error. */
  readonly status: number;
  /** Of the program that it is from. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  /** Spans in the order of their arrival. */
  readonly spans: readonly ReceivedSpan[];
  /** All that came, as text. */
  readonly received: string;
  /** Paths that were asked. */
  readonly paths: readonly string[];
}

/** `status` is what it answers, which 200 alone is taking. */
export async function startCollector({ status = 200 } = {}): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const paths: string[] = [];
  let received = "";
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    paths.push(request.url!);
    received += text;
    if (status === 200) spans.push(...spansOf(JSON.parse(text)));
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    paths,
    get received() {
      return received;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what arrives is looked at, not trusted
function spansOf(body: any): ReceivedSpan[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return body.resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    scopeSpans.flatMap(({ spans }: any) => spans.map((span: any) => toSpan(span, resource))),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function toSpan(span: any, resource: any): ReceivedSpan {
  const { name, kind, traceId, spanId, parentSpanId, attributes, status } = span;
  return {
    ...{ name, kind, traceId, spanId },
    parentSpanId: parentSpanId || undefined,
    start: Number(span.startTimeUnixNano) / 1e6,
    end: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(attributes),
    status: status?.code ?? 0,
    resource: valuesOf(resource.attributes),
  };
}

/** `[{ key, value: { intValue: 3 } }]` as an object. */
function valuesOf(
  attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
