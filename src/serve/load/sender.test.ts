/** The load's client, against servers that answer, refuse, break off or are not there. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openSender, type SenderOptions } from "./sender.ts";
import { serverMemoryMb } from "./server-memory.ts";

async function startServer(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => new Promise((resolve) => server.getConnections((_, n) => resolve(n))),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test.each<[name: string, answer: RequestListener, status: number]>([
  ["an answer", (_, response) => response.end("x".repeat(1e6)), 200],
  ["a refusal", (_, response) => response.writeHead(429).end(), 429],
  ["no answer", (request) => request.socket.destroy(), 0],
  [
    "half an answer",
    (request, response) => {
      response.writeHead(200, { "content-length": 10 }).write("half");
      setTimeout(() => request.socket.destroy(), 20);
    },
    0,
  ],
])("%s", async (_, answer, status) => {
  await using server = await startServer(answer);
  using sender = openSender(server.url);
  expect(await sender.send(["a"], "interactive")).toBe(status);
});

test("nobody is there: 0", async () => {
  using sender = openSender("http://127.0.0.1:9");
  expect(await sender.send(["a"], "interactive")).toBe(0);
});

test("it asks as OpenAI's clients do, by the key of the class, on connections that stay", async () => {
  const seen: object[] = [];
  await using server = await startServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { authorization, "x-nearfold-priority": priority } = request.headers;
    const body = JSON.parse(Buffer.concat(parts).toString());
    seen.push({ url: request.url, authorization, priority, body });
    response.end("{}");
  });
  const asks: [SenderOptions, "interactive" | "bulk"][] = [
    [{}, "interactive"],
    [{ key: "k", model: "m" }, "bulk"],
    [{ key: "k", bulkKey: "b" }, "bulk"],
    [{ key: "k", bulkKey: "b" }, "interactive"],
  ];
  for (const [options, priority] of asks) {
    using sender = openSender(`${server.url}/`, options);
    await sender.send(["ä"], priority);
  }
  const body = { input: ["ä"], encoding_format: "base64" };
  const url = "/v1/embeddings";
  expect(seen).toEqual([
    { url, authorization: undefined, priority: "interactive", body },
    { url, authorization: "Bearer k", priority: "bulk", body: { ...body, model: "m" } },
    { url, authorization: "Bearer b", priority: "bulk", body },
    { url, authorization: "Bearer k", priority: "interactive", body },
  ]);
  using sender = openSender(server.url);
  for (let i = 0; i < 5; i++) await sender.send(["a"], "interactive");
  expect(await server.connections()).toBe(1);
});

test.each(["here", "ftp://x", ""])("%j is no URL of a server", (url) => {
  expect(() => openSender(url)).toThrow("not a URL");
});

test.each<[text: string, mb: number | undefined]>([
  ["a 1\nprocess_resident_memory_bytes 250000000\nb 2\n", 250],
  ['process_resident_memory_bytes{pod="a"} 2.5e+08\n', 250],
  ["# process_resident_memory_bytes 7\n", undefined],
])("memory of %j", async (text, mb) => {
  await using server = await startServer((_, response) => response.end(text));
  expect(await serverMemoryMb(`${server.url}/v1`)).toBe(mb);
});

test("memory of what is not there, or says nothing", async () => {
  expect(await serverMemoryMb("http://127.0.0.1:9")).toBeUndefined();
  await using server = await startServer((_, response) => response.writeHead(404).end("no"));
  expect(await serverMemoryMb(server.url)).toBeUndefined();
});
