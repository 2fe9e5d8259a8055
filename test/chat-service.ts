/** A service of a model that writes, on the loopback, as OpenAI's answers: what it writes is a function of what it was sent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request holds. */
export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** The answer's parts, as they are streamed; or an answer that is none. */
export type Script = (
  request: ChatRequest,
  number: number,
) =>
  | readonly string[]
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Bytes of a stream, as they go out; then the connection is cut unless `ends`. */
      readonly raw?: readonly (string | Uint8Array)[];
      readonly ends?: boolean;
      /** Said nothing more, with the connection left open. */
      readonly hangs?: boolean;
    };

export interface ChatService extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ChatRequest[];
  readonly authorization: readonly (string | undefined)[];
  script: Script;
}

export async function startChat(script: Script): Promise<ChatService> {
  const requests: ChatRequest[] = [];
  const authorization: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    authorization.push(request.headers.authorization);
    const asked = JSON.parse(Buffer.concat(parts).toString()) as ChatRequest;
    requests.push(asked);
    const said = service.script(asked, requests.length - 1);
    if (Array.isArray(said)) {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      for (const part of said as readonly string[]) response.write(eventOf(part));
      return void response.end(`${eventOf(undefined)}data: [DONE]\n\n`);
    }
    const { status, headers, body, raw, ends, hangs } = said as Exclude<
      typeof said,
      readonly string[]
    >;
    const type = raw ? "text/event-stream" : "application/json";
    response.writeHead(status, { "content-type": type, ...headers });
    for (const part of raw ?? []) {
      response.write(part);
      // Each in a packet of its own, nearly always.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (hangs) return;
    if (raw && !ends) return void request.socket.destroy();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const service = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    authorization,
    script,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}

/** An event with a part of an answer, or its end. */
export function eventOf(content: string | undefined, finish = "stop"): string {
  const choice =
    content === undefined
      ? { index: 0, delta: {}, finish_reason: finish }
      : { index: 0, delta: { content }, finish_reason: null };
  const event = { id: "1", object: "chat.completion.chunk", model: "m", choices: [choice] };
  return `data: ${JSON.stringify(event)}\n\n`;
}
