/** Bad input and faults: every route by every mistake, clients that misbehave on their sockets, and a worker that dies under load. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { routes } from "../src/serve/http/handler.ts";
import {
  createHandler,
  createMetrics,
  type Listening,
  listen,
  openServedModel,
  type RequestReport,
  type ServedModel,
  type Service,
  startService,
} from "../src/serve/index.ts";
import { texts, tinyBert } from "./tiny-models.ts";

/** However busy the machine is. */
const WITHIN = { timeout: 30_000 };
const words = texts.filter((text) => text !== "");
let model: ServedModel;
let service: Service;
let server: Listening;
let wanted: Map<string, Float32Array>;
const reports: RequestReport[] = [];

beforeAll(async () => {
  await using encoder = await openEncoder(tinyBert());
  const { vectors, dims } = await encoder.encode(words);
  wanted = new Map(words.map((text, i) => [text, vectors.slice(i * dims, (i + 1) * dims)]));
  model = await openServedModel(tinyBert());
  service = await startService([model], { maxBatchTokens: 64, cacheBytes: 1500 });
  const onRequest = (report: RequestReport) => reports.push(report);
  const metrics = createMetrics();
  const handler = createHandler(service, { metrics, version: "1", onRequest });
  server = await listen(handler, { port: 0, receiveTimeoutMs: 1000 });
});
afterAll(async () => {
  await server.close();
  await service.drain();
  await model[Symbol.asyncDispose]();
});
/** Nothing leaks: what was let in is done or forgotten, and the next request is answered. */
afterEach(async () => {
  const waiting = () => [service.depth("interactive"), service.depth("bulk")];
  const none = { requests: 0, tokens: 0, oldestMs: 0 };
  await expect.poll(waiting, WITHIN).toEqual([none, none]);
  const unanswered = () => service.names.get("tiny-bert")!.current.requests.unanswered;
  await expect.poll(unanswered, WITHIN).toBe(0);
  expect((await post("/embed", JSON.stringify({ inputs: words[0] }))).status).toBe(200);
});

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { method: "POST", body, ...init });

const OPENAI_TYPES = ["invalid_request_error", "rate_limit_exceeded", "server_error"];
const TEI_TYPES = ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"];

/** An error in the words of its protocol, of its closed lists. */
async function errorOf(response: Response, style: "openai" | "tei") {
  const body = (await response.json()) as Record<string, unknown>;
  if (style === "tei") {
    expect(Object.keys(body).toSorted()).toEqual(["error", "error_type"]);
    expect(TEI_TYPES).toContain(body.error_type);
    return body.error as string;
  }
  expect(Object.keys(body)).toEqual(["error"]);
  const error = body.error as Record<string, unknown>;
  expect(Object.keys(error).toSorted()).toEqual(["code", "message", "param", "type"]);
  expect(OPENAI_TYPES).toContain(error.type);
  return error.message as string;
}

const posts = Object.entries(routes).flatMap(([path, { method, errors, admin }]) =>
  method === "POST" && !admin ? [[path, errors] as const] : [],
);
/** What a route calls its inputs. */
const fieldOf = (path: string) =>
  path.endsWith("embeddings") ? "input" : path === "/decode" ? "ids" : "inputs";

/** Bodies that are no route's, by what is wrong with them. */
const badBodies: Readonly<Record<string, (field: string) => string | Uint8Array<ArrayBuffer>>> = {
  "nothing at all": () => "",
  "no JSON": () => "{",
  "half a JSON text": (field) => `{"${field}": ["a", `,
  "JSON of another kind": () => "7",
  "bytes that are no text": () => new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
  "lists nested deeply": (field) => `{"${field}":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
  "objects nested deeply": (field) =>
    `{"${field}":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`,
  "no input": () => "{}",
  "an input of null": (field) => JSON.stringify({ [field]: null }),
  "an input of true": (field) => JSON.stringify({ [field]: true }),
  "an input of a number": (field) => JSON.stringify({ [field]: 7 }),
  "an empty list": (field) => JSON.stringify({ [field]: [] }),
  "an empty list in a list": (field) => JSON.stringify({ [field]: [[]] }),
  "a list of null": (field) => JSON.stringify({ [field]: [null] }),
  "a list of several kinds": (field) => JSON.stringify({ [field]: ["a", 1, {}] }),
  "100,000 inputs": (field) =>
    JSON.stringify({ [field]: Array(100_000).fill(field === "ids" ? [1] : "a") }),
  "half a surrogate pair": (field) => `{"${field}": "\\ud800 a"}`,
  "an id out of range": (field) => JSON.stringify({ [field]: [[1, 1e9]] }),
  "an id below 0": (field) => JSON.stringify({ [field]: [[-1]] }),
  "an id that is a fraction": (field) => JSON.stringify({ [field]: [[0.5]] }),
  "an id past all numbers": (field) => `{"${field}": [[1e999]]}`,
  "a model that is not there": (field) => JSON.stringify({ [field]: ["a"], model: "x" }),
  "a model that is no name": (field) => JSON.stringify({ [field]: ["a"], model: {} }),
  "more than a body holds": (field) => JSON.stringify({ [field]: "a".repeat(3_000_000) }),
};

describe.each(posts)("%s", (path, style) => {
  test.each(Object.entries(badBodies))("refuses %s", async (_, body) => {
    const response = await post(path, body(fieldOf(path)));
    expect([400, 404, 413, 422]).toContain(response.status);
    const message = await errorOf(response, style);
    expect(message.length).toBeLessThan(400);
  });

  test("takes NUL in a text, and other controls", async () => {
    const inputs = path === "/decode" ? [1, 2] : "a\u0000b\u0001\u007f\u2028";
    const asked =
      path === "/similarity" ? { source_sentence: inputs, sentences: [inputs] } : inputs;
    const response = await post(path, JSON.stringify({ [fieldOf(path)]: asked }));
    expect(response.status).toBe(200);
    await response.text();
  });
});

describe.each(["/v1/embeddings", "/embed", "/"])("%s", (path) => {
  test.each([0, -1, 0.5, 31, 33, 1e9, "16", true])("refuses %s dimensions", async (dimensions) => {
    const body = { [fieldOf(path)]: "a", dimensions };
    const response = await post(path, JSON.stringify(body));
    expect([400, 422]).toContain(response.status);
    expect(await response.text()).toContain("dimensions");
  });
});

describe("sockets", () => {
  /** Writes parts with pauses between, and gives all that came back until the end. */
  async function raw(parts: readonly string[], { pauseMs = 5, end = false, ms = 8000 } = {}) {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("error", () => {});
    const closed = new Promise((resolve) => {
      socket.once("close", resolve);
    });
    for (const part of parts) {
      if (socket.destroyed || socket.writableEnded) break;
      socket.write(part);
      await sleep(pauseMs);
    }
    if (end) socket.end();
    await Promise.race([closed, sleep(ms)]);
    socket.destroy();
    return text;
  }
  const head = "POST /embed HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
  const json = JSON.stringify({ inputs: words[0] });
  const lengthOf = (body: string) => `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;

  test("a body that comes byte by byte is answered, if it comes in time", async () => {
    expect(await raw([head, lengthOf(json), ...json])).toMatch(/^HTTP\/1.1 200 /);
  });

  test("one that takes too long is given up, however steadily it comes", async () => {
    const parts = Array.from({ length: 60 }, () => " ");
    const found = await raw([head, "content-length: 99\r\n\r\n", ...parts], { pauseMs: 100 });
    expect(found).toMatch(/^HTTP\/1.1 408 /);
  });

  test("headers that never end are given up", async () => {
    const found = await raw([head, "x-a: 1\r\n"]);
    expect(found).toMatch(/^HTTP\/1.1 408 /);
  });

  test("headers that are larger than they may be are refused", async () => {
    expect(await raw([`${head}x: ${"a".repeat(20_000)}\r\n\r\n`])).toMatch(/^HTTP\/1.1 431 /);
  });

  test.each([
    ["a size that is none", "zz\r\n{}\r\n0\r\n\r\n"],
    ["a chunk that is longer than it says", "1\r\n{}{}\r\n0\r\n\r\n"],
  ])("chunks with %s are refused", async (_, chunks) => {
    const found = await raw([`${head}transfer-encoding: chunked\r\n\r\n${chunks}`]);
    expect(found).toMatch(/^HTTP\/1.1 4\d\d /);
  });

  test("both a length and chunks are refused: which is meant?", async () => {
    const found = await raw([`${head}transfer-encoding: chunked\r\n${lengthOf(json)}${json}`]);
    expect(found).toMatch(/^HTTP\/1.1 400 /);
  });

  test("endless chunks are refused once they are more than a body holds", async () => {
    const chunk = `${(100_000).toString(16)}\r\n${"a".repeat(100_000)}\r\n`;
    const parts = [`${head}transfer-encoding: chunked\r\n\r\n`, ...Array(40).fill(chunk)];
    expect(await raw(parts, { pauseMs: 1 })).toMatch(/^HTTP\/1.1 413 /);
  });

  test.each([
    ["before its body", [head, "content-length: 50\r\n\r\n"]],
    ["in the middle of its body", [head, "content-length: 50\r\n\r\n", '{"inputs":']],
    ["in the middle of its headers", ["POST /embed HT"]],
  ])("a client that closes its side %s is let go", async (_, parts) => {
    expect(await raw(parts, { end: true })).not.toMatch(/^HTTP\/1.1 [25]/);
  });

  test("clients that vanish in the middle of a batch cost the others nothing", async () => {
    reports.length = 0;
    const input = Array.from({ length: 1500 }, (_, i) => `${words[3]} ${i}`);
    const gone = Array.from({ length: 8 }, async (_, i) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 40 + 5 * i);
      const body = JSON.stringify({ input });
      const asked = post("/v1/embeddings", body, { signal: controller.signal });
      await expect(asked.then((response) => response.text())).rejects.toThrow();
    });
    const stay = Array.from({ length: 20 }, async (_, i) => {
      await sleep(4 * i);
      const text = words[i % words.length];
      const response = await post("/v1/embeddings", JSON.stringify({ input: text }));
      const { data } = (await response.json()) as { data: { embedding: number[] }[] };
      const found = Float32Array.from(data[0].embedding);
      expect(found).toBeClose(wanted.get(text)!, { rtol: 0, atol: 1e-6 });
    });
    await Promise.all([...gone, ...stay]);
    // Of one that went away before it was heard nothing is known.
    const statuses = () => new Set(reports.map(({ status }) => status));
    await expect.poll(statuses, WITHIN).toEqual(new Set([200, 499]));
  });

  test("many at once that send nothing do not keep others out", async () => {
    const { hostname, port } = new URL(server.url);
    const idle = Array.from({ length: 300 }, () => connect(Number(port), hostname));
    for (const socket of idle) socket.on("error", () => {});
    await Promise.all(idle.map((socket) => once(socket, "connect")));
    expect((await post("/embed", json)).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });
});

test("a worker that dies under load, again and again: each request has a status, each vector is right", {
  timeout: 120_000,
}, async () => {
  // One session of those there are, another one each time.
  const { narrow, wide } = model.towers.document.sessions;
  const sessions = [...narrow, ...(wide ? [wide] : [])];
  let killing = true;
  const statuses: number[] = [];
  const answered = () => statuses.filter((status) => status === 200).length;
  const killer = (async () => {
    for (let i = 0; i < 5; i++) {
      await expect.poll(answered, WITHIN).toBeGreaterThan(8 * i);
      await sessions[i % sessions.length][Symbol.asyncDispose]();
    }
    killing = false;
  })();
  const asking = Array.from({ length: 12 }, async (_, client) => {
    for (let i = 0; killing; i++) {
      // Some ask for texts that others have under way, and some for texts of their own.
      const inputs = i % 3 === 0 ? words : [words[(client + i) % words.length]];
      const path = client % 4 === 0 ? "/embed_all" : "/embed";
      const response = await post(path, JSON.stringify({ inputs, prompt_name: "document" }));
      statuses.push(response.status);
      if (response.status !== 200) {
        expect(response.status).toBe(503);
        await errorOf(response, "tei");
        continue;
      }
      const found = (await response.json()) as number[][] | number[][][];
      expect(found.length).toBe(inputs.length);
      for (const [j, text] of inputs.entries()) {
        const vector = path === "/embed" ? (found[j] as number[]) : meanOf(found[j] as number[][]);
        expect(Float32Array.from(vector)).toBeClose(wanted.get(text)!, { rtol: 0, atol: 1e-5 });
      }
    }
  });
  await Promise.all([killer, ...asking]);
  expect(answered()).toBeGreaterThan(32);
  await expect.poll(async () => (await fetch(`${server.url}/health`)).status, WITHIN).toBe(200);
});

/** The mean of vectors, of length 1. */
function meanOf(rows: readonly (readonly number[])[]): number[] {
  const sums = rows[0].map((_, d) => rows.reduce((sum, row) => sum + row[d], 0));
  const length = Math.hypot(...sums);
  return sums.map((sum) => sum / length);
}
