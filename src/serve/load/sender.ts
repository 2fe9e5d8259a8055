/** A client that costs little: the load and the server are often on one machine, and what the one takes the other has not. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { NearfoldError } from "../../errors.ts";

/** Sends texts and gives the status of the answer, once all of it has arrived; 0 where there was none. */
export type Send = (texts: readonly string[], priority: "interactive" | "bulk") => Promise<number>;

export interface SenderOptions {
  /** @default the server's first */
  readonly model?: string;
  readonly key?: string;
  /** Of bulk. @default `key` */
  readonly bulkKey?: string;
  readonly signal?: AbortSignal;
}

/** Close with `using`: it keeps connections open, as many as there were requests at once. */
export interface Sender extends Disposable {
  readonly send: Send;
}

/** Asks `/v1/embeddings` of a server that speaks OpenAI's protocol, as OpenAI's own clients do: for base64. @throws bad-argument for a URL that is none */
export function openSender(url: string, options: SenderOptions = {}): Sender {
  const { model, key, bulkKey = key, signal } = options;
  const base = URL.parse(url);
  if (!base || !/^https?:$/.test(base.protocol)) {
    const wanted = "http://HOST:PORT";
    throw new NearfoldError("bad-argument", "not a URL", { got: url, wanted });
  }
  const target = new URL(`${url.replace(/\/+$/, "")}/v1/embeddings`);
  const secure = base.protocol === "https:";
  const request = secure ? httpsRequest : httpRequest;
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const send: Send = (input, priority) => {
    const mine = priority === "bulk" ? bulkKey : key;
    const body = JSON.stringify({ input, encoding_format: "base64", ...(model && { model }) });
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-nearfold-priority": priority,
      ...(mine !== undefined && { authorization: `Bearer ${mine}` }),
    };
    return new Promise((resolve) => {
      const none = () => resolve(0);
      request(target, { method: "POST", agent, headers, ...(signal && { signal }) })
        .on("error", none)
        .once("response", (response) => {
          response.once("end", () => resolve(response.statusCode ?? 0)).on("error", none);
          response.resume();
        })
        .end(body);
    });
  };
  return { send, [Symbol.dispose]: () => agent.destroy() };
}
