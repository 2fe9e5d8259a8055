/** A handler behind a port, by node's own server. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ReadableStream } from "node:stream/web";
import { NearfoldError } from "../../errors.ts";
import type { Handler } from "./handler.ts";

export interface ListenOptions {
  /** @default 127.0.0.1, which this machine alone reaches */
  readonly host?: string;
  /** 0 for any that is free. @default 8080 */
  readonly port?: number;
  /** Until a client must have sent its whole request. @default 30,000 */
  readonly receiveTimeoutMs?: number;
}

export interface Listening {
  /** Where it is reached: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new connections, ends those that are idle, and the others after the answer they wait for. */
  close(): Promise<void>;
}

/** Node answers requests with larger headers by 431. */
const MAX_HEADER_BYTES = 16_384;

/** @throws io where the port is taken or not allowed */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", port = 8080, receiveTimeoutMs = 30_000 } = options;
  let closing = false;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: receiveTimeoutMs,
      headersTimeout: Math.min(receiveTimeoutMs, 10_000),
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 75_000,
    },
    (request, response) => {
      if (closing) response.setHeader("connection", "close");
      // Whatever fails here concerns one client.
      respond(handler, request, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const details = { at: `${host}:${port}`, got: cause.message, cause };
      reject(new NearfoldError("io", "cannot listen", details));
    });
    server.listen(port, host, resolve);
  });
  const { address, family, port: given } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${given}`,
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function respond(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  outgoing.on("error", () => gone.abort());
  const request = toRequest(incoming, gone.signal);
  if (!request) {
    outgoing.writeHead(400, { connection: "close" }).end();
    return;
  }
  const response = await handler(request);
  // What was not read of a body that was refused is not read any more.
  if (!incoming.complete) outgoing.setHeader("connection", "close");
  const body = response.body ? Buffer.from(await response.arrayBuffer()) : undefined;
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    "content-length": body?.length ?? 0,
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
}

/** Undefined for what `Request` refuses. */
function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { url = "/", headers } = incoming;
  const method = methodOf(incoming);
  const hasBody = method !== "GET" && method !== "HEAD";
  try {
    return new Request(new URL(url, "http://localhost"), {
      method,
      headers: Object.entries(headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((each): [string, string] => [name, each]),
      ),
      ...(hasBody && { body: ReadableStream.from(partsOf(incoming)), duplex: "half" }),
      signal,
    } as RequestInit);
  } catch {
    return undefined;
  }
}

/** `Request` refuses some methods that no route has either: under another name a route says so itself. */
function methodOf({ method = "GET" }: IncomingMessage): string {
  return ["TRACE", "TRACK", "CONNECT"].includes(method) ? `REFUSED-${method}` : method;
}

/** The parts of a body. @throws where it breaks off */
async function* partsOf(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const part of incoming) yield part as Buffer;
  if (!incoming.complete) throw new Error("the body broke off");
}
