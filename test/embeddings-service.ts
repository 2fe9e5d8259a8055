/** An embeddings service on the loopback, as OpenAI's answers: vectors by a function of the text, and the faults it is told of. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What is answered instead, to a request by its number from 0; undefined where all is well. */
export type Fault = (
  request: number,
) =>
  | { readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | "hang up"
  | undefined;

export interface Service extends AsyncDisposable {
  readonly url: string;
  /** The texts of each request that was answered with vectors. */
  readonly answered: readonly (readonly string[])[];
  /** All requests, refused ones too. */
  readonly requests: number;
  readonly authorization: readonly (string | undefined)[];
  fault: Fault;
  embed: (text: string) => readonly number[];
}

const noFault: Fault = () => undefined;

export async function startService(embed: Service["embed"]): Promise<Service> {
  const answered: string[][] = [];
  const authorization: (string | undefined)[] = [];
  let requests = 0;
  const server: Server = createServer(async (request, response) => {
    authorization.push(request.headers.authorization);
    const fault = service.fault(requests++);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (fault === "hang up") return void request.socket.destroy();
    if (fault) {
      const { status, retryAfter, body = "no" } = fault;
      response.writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter });
      return void response.end(body);
    }
    const { input } = JSON.parse(Buffer.concat(parts).toString()) as { input: string[] };
    answered.push(input);
    // In another order than asked: the index says which is which.
    const data = input.map((text, index) => ({ index, embedding: service.embed(text) })).reverse();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", model: "m", data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const service = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    answered,
    authorization,
    get requests() {
      return requests;
    },
    fault: noFault,
    embed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}
