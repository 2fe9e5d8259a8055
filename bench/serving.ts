/** A server of ours as a process of its own, and clients of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** `nearfold serve` of a model, on a free port; it is told to stop when it is disposed of. @throws with what it said, where it ended */
export async function startServer(
  model: string,
  options: readonly string[] = [],
): Promise<ServerProcess> {
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  const child = spawn(process.execPath, [main, "serve", model, "--port", "0", ...options], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  const listening = Promise.withResolvers<string>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    const url = /^http:\/\/\S+/.exec(line)?.[0];
    if (url) listening.resolve(url);
  });
  child.once("close", () => listening.reject(new Error(`the server ended: ${said.join("\n")}`)));
  const url = await listening.promise;
  return {
    url,
    pid: child.pid!,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "close");
    },
  };
}

/** Clients of a machine share its cores with the server: this is the one that takes least of them. */
const agent = new Agent({ keepAlive: true });

/** Resident memory of a server, in MB (Linux). */
export function memoryOf({ pid }: ServerProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(?<kb>\d+)/.exec(status)!.groups!.kb) / 1000;
}

/** The vectors of texts, by OpenAI's protocol. @throws for any answer but 200 */
export async function askVectors(url: string, input: readonly string[]): Promise<Float32Array[]> {
  const body = JSON.stringify({ input, encoding_format: "base64" });
  const headers = { "content-length": Buffer.byteLength(body) };
  const asked = request(`${url}/v1/embeddings`, { method: "POST", agent, headers });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const said = await text(response);
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${said}`);
  const { data } = JSON.parse(said) as { readonly data: readonly { embedding: string }[] };
  return data.map(({ embedding }) => {
    const bytes = new Uint8Array(Buffer.from(embedding, "base64"));
    return new Float32Array(bytes.buffer);
  });
}

/** Requests a second, of so many clients that each ask again once they are answered. */
export async function closedLoop(
  { clients, ms }: { readonly clients: number; readonly ms: number },
  ask: (request: number) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly latencies: readonly number[] }> {
  const latencies: number[] = [];
  const start = performance.now();
  let requests = 0;
  const client = async () => {
    while (performance.now() - start < ms) {
      const before = performance.now();
      await ask(requests++);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { perSecond: (1000 * latencies.length) / (performance.now() - start), latencies };
}
