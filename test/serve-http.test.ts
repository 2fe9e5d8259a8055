/** A server behind a port of the loopback: real sockets, a client that others wrote, faults, and the command as typed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { saveModel } from "../src/models/index.ts";
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
import { nearfold } from "./nearfold.ts";
import { startServing } from "./serving.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert, tinyStatic } from "./tiny-models.ts";

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
  service = await startService([model], { maxBatchTokens: 64 });
  const onRequest = (report: RequestReport) => reports.push(report);
  const metrics = createMetrics();
  server = await listen(createHandler(service, { metrics, version: "1", onRequest }), { port: 0 });
});
afterAll(async () => {
  await server.close();
  await service.drain();
  await model[Symbol.asyncDispose]();
});

const expectVectors = (rows: readonly (readonly number[])[], inputs: readonly string[]) => {
  expect(rows.length).toBe(inputs.length);
  for (const [i, text] of inputs.entries()) {
    expect(Float32Array.from(rows[i])).toBeClose(wanted.get(text)!, { rtol: 0, atol: 1e-6 });
  }
};

const post = (body: unknown, init: RequestInit = {}) =>
  fetch(`${server.url}/v1/embeddings`, { method: "POST", body: JSON.stringify(body), ...init });

describe("OpenAI's npm client", () => {
  const client = (options: object = {}) =>
    new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any", maxRetries: 0, ...options });

  test("embeds, and counts tokens", async () => {
    const { data, model, usage } = await client().embeddings.create({
      model: "tiny-bert",
      input: words,
    });
    expectVectors(
      data.map(({ embedding }) => embedding),
      words,
    );
    expect(model).toBe("tiny-bert");
    expect(usage.prompt_tokens).toBeGreaterThan(words.length);
  });

  test("asks for floats and for fewer dimensions", async () => {
    const { data } = await client().embeddings.create({
      ...{ model: "tiny-bert", input: words[0], dimensions: 16, encoding_format: "float" },
    });
    expect(data[0].embedding.length).toBe(16);
  });

  test("lists models, and understands our errors", async () => {
    const names = [];
    for await (const { id } of client().models.list()) names.push(id);
    expect(names).toEqual(["tiny-bert"]);
    const asked = client().embeddings.create({ model: "other", input: "a" });
    await expect(asked).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(asked).rejects.toMatchObject({ code: "model_not_found", param: "model" });
  });
});

describe("sockets", () => {
  test("keep-alive: one connection for many requests", async () => {
    for (let i = 0; i < 5; i++) expect((await post({ input: words[i] })).status).toBe(200);
  });

  test("HEAD has no body, a method that is none of HTTP's is refused", async () => {
    const head = await fetch(`${server.url}/health`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(`${server.url}/embed`, { method: "PATCH", body: "{}" })).status).toBe(405);
    const trace = "TRACE /embed HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(await raw(trace)).toMatch(/^HTTP\/1.1 405 [\s\S]*allow: POST/);
  });

  test("a client that vanishes costs nothing, and others are answered", async () => {
    reports.length = 0;
    const controller = new AbortController();
    const input = Array.from({ length: 2000 }, (_, i) => `${words[3]} ${i}`);
    const gone = post({ input }, { signal: controller.signal }).catch((error: Error) => error.name);
    const isHeard = () => service.depth("bulk").requests;
    await expect.poll(isHeard, { ...WITHIN, interval: 2 }).toBeGreaterThan(0);
    controller.abort();
    expect(await gone).toBe("AbortError");
    expect((await post({ input: words[0] })).status).toBe(200);
    await expect.poll(() => reports.map(({ status }) => status), WITHIN).toContain(499);
    expect(service.depth("bulk")).toEqual({ requests: 0, tokens: 0, oldestMs: 0 });
  });

  /** What comes back for raw bytes, until the server ends the connection or so much time is over. */
  async function raw(bytes: string, { end = false, ms = 3000 } = {}): Promise<string> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("error", () => {});
    if (end) socket.end(bytes);
    else socket.write(bytes);
    await Promise.race([once(socket, "close"), sleep(ms)]);
    socket.destroy();
    return text;
  }

  const head = "POST /v1/embeddings HTTP/1.1\r\nhost: x\r\n";
  test("a body that is said to be larger than allowed is refused unread", async () => {
    const found = await raw(`${head}content-length: 999999999\r\n\r\n{`);
    expect(found).toMatch(/^HTTP\/1.1 413 /);
    expect(found).toMatch(/connection: close/i);
  });

  const chunked = (body: string) => {
    const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join("");
    return `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
  };
  test("chunks are put together", async () => {
    expect(await raw(chunked(JSON.stringify({ input: words[0] })))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("a client that closes its side has gone away: nothing is run for it", async () => {
    reports.length = 0;
    const body = JSON.stringify({ input: Array.from({ length: 500 }, () => words[3]) });
    const bytes = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    expect(await raw(bytes, { end: true })).toBe("");
    await expect.poll(() => reports.map(({ status }) => status), WITHIN).toEqual([499]);
    expect(service.depth("bulk")).toMatchObject({ requests: 0, tokens: 0 });
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["a length that is none", `${head}content-length: many\r\n\r\n`],
    ["a path that is none", "GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n"],
  ])("%s is 400, and the server goes on", async (_, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1.1 400 /);
    expect((await post({ input: words[0] })).status).toBe(200);
  });

  test("a body that stops half-way is given up", async () => {
    const slow = createHandler(service, { metrics: createMetrics(), version: "1" });
    const patient = await listen(slow, { port: 0, receiveTimeoutMs: 300 });
    const { hostname, port } = new URL(patient.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(`${head}content-length: 100\r\n\r\n{"input"`);
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    await Promise.race([once(socket, "close"), sleep(10_000)]);
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    await patient.close();
  });
});

describe("a worker that is killed under load", () => {
  /** Asks again and again while something happens; gives the statuses. */
  async function askDuring(happens: () => Promise<void>): Promise<readonly number[]> {
    const asked = Array.from({ length: 80 }, async (_, i) => {
      await sleep(i * 3);
      const input = i % 4 === 0 ? words : [words[i % words.length]];
      const response = await post({ input });
      const { data } = (await response.json()) as { data: { embedding: number[] }[] };
      if (response.status === 200) {
        const rows = data.map(({ embedding }) => embedding);
        expectVectors(rows, input);
      }
      return response.status;
    });
    await happens();
    return await Promise.all(asked);
  }
  /** One session of those there are, another one each time. */
  let killed = 0;
  const kill = async () => {
    const { narrow, wide } = model.towers.document.sessions;
    const all = [...narrow, ...(wide ? [wide] : [])];
    await all[killed++ % all.length][Symbol.asyncDispose]();
  };

  test("once: nobody notices", async () => {
    const statuses = await askDuring(async () => {
      await sleep(100);
      await kill();
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Opened again without anybody's asking.
    await expect.poll(() => service.isReady, WITHIN).toBe(true);
  });

  test("again and again: no answer is wrong, and none is missing", async () => {
    const statuses = await askDuring(async () => {
      for (let i = 0; i < 4; i++) {
        await sleep(60);
        await kill();
      }
    });
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect((await post({ input: words[0] })).status).toBe(200);
  });
});

test("drained, it answers what it has and takes nothing more", async () => {
  await using own = await openServedModel(tinyBert());
  const draining = await startService([own], { maxBatchTokens: 64 });
  const handler = createHandler(draining, { metrics: createMetrics(), version: "1" });
  const ask = (path: string, body?: object) =>
    handler(
      new Request(`http://x${path}`, body ? { method: "POST", body: JSON.stringify(body) } : {}),
    );
  const under = ask("/embed", { inputs: words });
  await sleep(1);
  const drained = draining.drain();
  expect((await ask("/embed", { inputs: "a" })).status).toBe(503);
  expect((await ask("/health")).status).toBe(503);
  expect((await ask("/livez")).status).toBe(200);
  expect((await under).status).toBe(200);
  await drained;
});

test("a model that takes another's place under load: no request fails, and none has vectors of two", async () => {
  const first = await openServedModel(tinyBert(), { name: "m" });
  const second = await openServedModel(tinyStatic(), { name: "m" });
  await using swapping = await startService([first], { maxBatchTokens: 64 });
  const handler = createHandler(swapping, { metrics: createMetrics(), version: "1" });
  const ask = async () => {
    const body = JSON.stringify({ model: "m", input: words });
    const response = await handler(new Request("http://x/v1/embeddings", { method: "POST", body }));
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    const space = response.headers.get("x-nearfold-space");
    const width = space === first.space.id ? 32 : 48;
    expect(data.map(({ embedding }) => embedding.length)).toEqual(words.map(() => width));
    return { status: response.status, space };
  };
  const asked: ReturnType<typeof ask>[] = [];
  const swapped = swapping.load(second);
  let changed = false;
  void swapped.then(() => {
    changed = true;
  });
  for (let after = 0; after < 5; after += changed ? 1 : 0) {
    asked.push(ask());
    await sleep(5);
  }
  expect(await (await swapped).left).toEqual([first]);
  await first[Symbol.asyncDispose]();
  const found = await Promise.all(asked);
  expect(new Set(found.map(({ status }) => status))).toEqual(new Set([200]));
  // Once one was answered by the new model, all that came after it were.
  const spaces = found.map(({ space }) => space);
  const turn = spaces.indexOf(second.space.id);
  expect(turn).toBeGreaterThan(0);
  expect(new Set(spaces.slice(turn))).toEqual(new Set([second.space.id]));
  expect(Object.keys(swapping.lanes)).toEqual(["m/document~2"]);
  await swapping.drain();
  await second[Symbol.asyncDispose]();
});

describe("as typed", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const at = (name: string) => join(folder.path, name);
  beforeAll(async () => {
    folder = await temporaryFolder();
    await saveModel(at("model"), tinyBert());
    await folder.write("keys.txt", "secret\n");
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test("serves, is measured, and stops when it is told to", async () => {
    const argv = [at("model"), `other=${at("model")}`, "--api-keys", at("keys.txt")];
    await using started = await startServing(argv);
    expect(started.err).toMatch(/serves model, other \(model\/document: [\d,]+ tokens\/s/);
    const key = ["--key", "secret", "--seconds", "0.5", "--rates", "20,40"];
    const refused = await nearfold(["bench", "serve", started.url, "--seconds", "1"]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("status 401") });
    const svg = await nearfold(["bench", "serve", started.url, ...key, "--out", at("load.svg")]);
    expect(svg).toMatchObject({ code: 0, out: expect.stringMatching(/load +answered\/s/) });
    const bulk = ["--bulk", "1", "--bulk-inputs", "4", "--model", "other", "--json"];
    const { out } = await nearfold(["bench", "serve", started.url, ...key, ...bulk]);
    const { results } = JSON.parse(out);
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ failed: 0, refused: { count: 0 } });
    expect(results[1].latencies.p50).toBeGreaterThan(0);
    expect(results[1].bulk.textsPerSecond).toBeGreaterThan(0);
    expect(results[1].serverMb.after).toBeGreaterThan(50);
    const typed = ["--clients", "1,4", "--words", "8,64", "--seconds", "0.3", "--key", "secret"];
    const clients = await nearfold(["bench", "serve", started.url, ...typed]);
    expect(clients).toMatchObject({ code: 0, out: expect.stringMatching(/^4 clients +\d/m) });
    const wrong = [...bulk, "--bulk-key", "wrong", "--rates", "20", "--seconds", "0.3"];
    const keyless = await nearfold(["bench", "serve", started.url, "--key", "secret", ...wrong]);
    const [{ failed, bulk: unanswered }] = JSON.parse(keyless.out).results;
    expect([failed, unanswered.textsPerSecond]).toEqual([0, 0]);
    expect(unanswered.failed).toBeGreaterThan(0);
    expect(await started.stop()).toBe(0);
    expect(started.out).toMatch(/^\d+ requests in \d+ s .* 0 refused; [\d,]+ texts/);
    await expect(fetch(started.url)).rejects.toThrow();
  });

  test("SIGHUP serves what lies in the folder now", async () => {
    await saveModel(at("changing"), tinyBert());
    await using started = await startServing([`m=${at("changing")}`]);
    const width = async () => {
      const body = JSON.stringify({ inputs: "a" });
      const response = await fetch(`${started.url}/embed`, { method: "POST", body });
      return ((await response.json()) as number[][])[0].length;
    };
    expect(await width()).toBe(32);
    process.emit("SIGHUP");
    await expect.poll(() => started.err, WITHIN).toContain("is what it was");
    await saveModel(at("changing"), tinyStatic(), { replace: true });
    process.emit("SIGHUP");
    await expect.poll(() => started.err, WITHIN).toContain("is now of the space");
    expect(await width()).toBe(48);
    await rm(at("changing"), { recursive: true });
    process.emit("SIGHUP");
    await expect.poll(() => started.err, WITHIN).toContain("stays what it was");
    expect(await width()).toBe(48);
    expect(await started.stop()).toBe(0);
  });

  test.each([
    ["no model", () => ["serve"], "missing required argument"],
    ["a model that is not there", () => ["serve", at("nowhere")], "nowhere"],
    ["two of one name", () => ["serve", at("model"), at("model"), "--port", "0"], "NAME=MODEL"],
    ["no keys", () => ["serve", at("model"), "--api-keys", at("nowhere")], "no such file"],
    ["a share of all", () => ["serve", at("model"), "--bulk-share", "1"], "from 0.01 to 0.99"],
    ["a port that is none", () => ["serve", at("model"), "--port", "99999"], "65535"],
    ["another thing to measure", () => ["bench", "train", "http://x"], "wanted serve"],
    ["no server", () => ["bench", "serve", "http://127.0.0.1:9"], "no answer"],
    ["no URL", () => ["bench", "serve", "here"], "not a URL"],
    [
      "texts of a file, and of a length",
      () => ["bench", "serve", "http://x", "--words", "8", "--queries", "a.jsonl"],
      "--words goes without --queries",
    ],
    [
      "another kind of file",
      () => ["bench", "serve", "http://x", "--out", "a.png"],
      ".json or .svg",
    ],
  ])("%s is a mistake that is said", async (_, argv, message) => {
    const { code, err } = await nearfold(argv());
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });

  test("as a process: JSON logs, and SIGTERM ends it well", { timeout: 60_000 }, async () => {
    const main = join(import.meta.dirname, "../src/cli/main.ts");
    const argv = [main, "serve", at("model"), "--port", "0", "--log", "json"];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.on("data", (part) => {
      err += part;
    });
    let out = "";
    child.stdout.on("data", (part) => {
      out += part;
    });
    await expect.poll(() => err, WITHIN).toMatch(/http:\/\/\S+ serves model/);
    const url = /http:\/\/\S+/.exec(err)![0];
    const ask = (input: unknown) =>
      fetch(`${url}/v1/embeddings`, { method: "POST", body: JSON.stringify({ input }) });
    expect((await ask("a secret")).status).toBe(200);
    expect((await ask([])).status).toBe(400);
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    expect(code).toBe(0);
    const lines = err.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 30, method: "POST", path: "/v1/embeddings", status: 200, msg: "request" },
      { level: 40, status: 400, code: "bad-input" },
    ]);
    expect(err).not.toContain("secret");
    expect(out).toMatch(/1 requests in .*1 failed/);
  });
});
