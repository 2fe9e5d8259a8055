/** The protocols over a real model, as a function from requests to responses. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Encoder, openEncoder } from "../src/encoder/index.ts";
import { routes } from "../src/serve/http/handler.ts";
import {
  createHandler,
  createMetrics,
  type Handler,
  type HandlerOptions,
  openServedModel,
  parseApiKeys,
  type RequestReport,
  type Service,
  startService,
} from "../src/serve/index.ts";
import { texts, tinyBert, tinyStatic } from "./tiny-models.ts";

let encoder: Encoder;
let service: Service;
let handler: Handler;
const reports: RequestReport[] = [];
const stack = new AsyncDisposableStack();
const handlerWith = (options: Partial<HandlerOptions> = {}) =>
  createHandler(service, { metrics: createMetrics(), version: "1.2.3", ...options });

beforeAll(async () => {
  encoder = stack.use(await openEncoder(tinyBert()));
  const models = [
    stack.use(await openServedModel(tinyBert())),
    stack.use(await openServedModel(tinyStatic(), { name: "static" })),
  ];
  service = await startService(models, { maxBatchTokens: 64 });
  handler = handlerWith({ onRequest: (report) => reports.push(report) });
});
afterAll(async () => {
  await service.drain();
  await stack.disposeAsync();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is looked at, not trusted
  readonly json: any;
}

async function ask(
  path: string,
  body?: unknown,
  { by = handler, headers = {} }: { by?: Handler; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = body === undefined ? {} : { method: "POST", body: text };
  const response = await by(new Request(`http://x${path}`, { headers, ...init }));
  const found = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return {
    status: response.status,
    headers: response.headers,
    json: isJson ? JSON.parse(found) : found,
  };
}

const words = texts.filter((text) => text !== "");
const rowsOf = (vectors: Float32Array, dims: number) =>
  Array.from({ length: vectors.length / dims }, (_, i) => [
    ...vectors.subarray(i * dims, (i + 1) * dims),
  ]);
const close = (found: readonly number[][], wanted: readonly number[][]) =>
  expect(Float32Array.from(found.flat())).toBeClose(Float32Array.from(wanted.flat()), {
    rtol: 0,
    atol: 1e-6,
  });

/** What the library gives for texts without a prompt. */
async function wanted(inputs: readonly string[], dims?: number): Promise<number[][]> {
  const found = await encoder.encode(inputs, dims === undefined ? {} : { dims });
  return rowsOf(found.vectors, found.dims);
}

describe("POST /v1/embeddings", () => {
  test.each([
    ["a text", words[0], [words[0]]],
    ["a list", words, words],
  ])("of %s gives the library's vectors, in order, and counts tokens", async (_, input, list) => {
    const { status, json } = await ask("/v1/embeddings", { model: "tiny-bert", input });
    expect(status).toBe(200);
    expect(json).toMatchObject({ object: "list", model: "tiny-bert" });
    const rows = json.data as { object: string; index: number; embedding: number[] }[];
    expect(rows.map(({ index }) => index)).toEqual(list.map((_, i) => i));
    close(
      rows.map(({ embedding }) => embedding),
      await wanted(list),
    );
    const { tokens } = await encoder.encode(list);
    expect(json.usage).toMatchObject({ prompt_tokens: tokens, total_tokens: tokens });
  });

  test("of token ids is that of their text", async () => {
    const ids = [...tinyBert().tokenizer.encode(words[0]).ids];
    const one = await ask("/v1/embeddings", { input: ids });
    const two = await ask("/v1/embeddings", { input: [ids, ids.slice(0, 3)] });
    close([one.json.data[0].embedding], await wanted([words[0]]));
    expect(two.json.data[0]).toEqual(one.json.data[0]);
    expect(two.json.usage.prompt_tokens).toBe(ids.length + 3);
  });

  test("base64 is the little-endian bytes of the floats", async () => {
    const body = { input: words[0], encoding_format: "base64" };
    const { embedding } = (await ask("/v1/embeddings", body)).json.data[0];
    const bytes = new Uint8Array(Buffer.from(embedding, "base64"));
    close([[...new Float32Array(bytes.buffer)]], await wanted([words[0]]));
  });

  test("int8 has a scale beside it, ubinary is packed as numpy packs bits", async () => {
    const [vector] = await wanted([words[0]]);
    const int8 = await ask("/v1/embeddings", { input: words[0], encoding_format: "int8" });
    const { embedding, scale } = int8.json.data[0];
    expect(Math.max(...embedding.map(Math.abs))).toBe(127);
    for (const [i, code] of embedding.entries()) {
      expect(Math.abs(code * scale - vector[i])).toBeLessThanOrEqual(scale / 2 + 1e-6);
    }
    const ubinary = await ask("/v1/embeddings", { input: words[0], encoding_format: "ubinary" });
    const bits = vector.map((x) => (x > 0 ? "1" : "0")).join("");
    const packed = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
    expect(ubinary.json.data[0].embedding).toEqual(packed);
  });

  test("fewer dimensions, a prompt by name", async () => {
    const body = { input: "the lazy fox", dimensions: 16, prompt_name: "query" };
    const { json } = await ask("/v1/embeddings", body);
    close([json.data[0].embedding], await wanted(["query: the lazy fox"], 16));
  });

  test("what was cut is said in header and usage; or refused", async () => {
    const input = words;
    const cut = await ask("/v1/embeddings", { input });
    expect(cut.headers.get("x-nearfold-truncated")).toBe("1");
    expect(cut.json.usage.truncated).toEqual([5]);
    const refused = await ask("/v1/embeddings", { input, truncate: false });
    expect(refused.status).toBe(413);
    expect(refused.json.error).toMatchObject({ type: "invalid_request_error", param: "input[5]" });
  });

  test("by model name", async () => {
    const { json } = await ask("/v1/embeddings", { model: "static", input: "the lazy fox" });
    expect(json.model).toBe("static");
    expect(json.data[0].embedding.length).toBe(48);
  });

  test("a text of no token at all is a vector of zeros", async () => {
    const { json } = await ask("/v1/embeddings", { model: "static", input: [" ", "fox"] });
    expect(json.data[0].embedding).toEqual(new Array(48).fill(0));
    expect(json.data[1].embedding.some((x: number) => x !== 0)).toBe(true);
  });

  test.each<[string, unknown, number, object]>([
    ["no JSON", "{", 400, {}],
    ["no object", "[]", 400, { param: "the body" }],
    ["deep nesting", `{"input":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400, {}],
    ["no input", {}, 400, { param: "input" }],
    ["an input of null", { input: null }, 400, { param: "input" }],
    ["an input of another kind", { input: { a: 1 } }, 400, { param: "input" }],
    ["an empty list", { input: [] }, 400, { param: "input" }],
    ["an empty text", { input: ["a", ""] }, 400, { param: "input[1]" }],
    ["a list of several kinds", { input: ["a", 1] }, 400, { param: "input[1]" }],
    ["half a surrogate pair", '{"input":"\\ud800"}', 400, { param: "input" }],
    ["an id that is none", { input: [1e6] }, 400, { param: "input" }],
    ["an id below 0", { input: [-1] }, 400, { param: "input" }],
    ["an id that is a fraction", { input: [1.5] }, 400, { param: "input" }],
    ["too many inputs", { input: Array(100_000).fill("a") }, 413, { param: "input" }],
    ["no dimensions", { input: "a", dimensions: 0 }, 400, { param: "dimensions" }],
    ["too many dimensions", { input: "a", dimensions: 33 }, 400, { param: "dimensions" }],
    ["another format", { input: "a", encoding_format: "hex" }, 400, { param: "encoding_format" }],
    ["another prompt", { input: "a", prompt_name: "x" }, 400, { param: "prompt_name" }],
    ["a prompt before ids", { input: [1], prompt_name: "query" }, 400, { param: "input" }],
    ["another model", { input: "a", model: "b" }, 404, { code: "model_not_found", param: "model" }],
    ["a model that is no name", { input: "a", model: 1 }, 400, { param: "model" }],
  ])("refuses %s", async (_, body, status, error) => {
    const found = await ask("/v1/embeddings", body);
    expect(found.status).toBe(status);
    expect(found.json.error).toMatchObject({ type: "invalid_request_error", ...error });
    expect(found.json.error.message.length).toBeLessThan(400);
  });

  test("takes NUL in a text, and fields that it does not know", async () => {
    const { status } = await ask("/v1/embeddings", { input: "a\0b", user: "me", more: [] });
    expect(status).toBe(200);
  });

  test("refuses bytes that are no text, and bodies that are too large, said or not", async () => {
    const small = handlerWith({ maxBodyBytes: 100 });
    const post = (body: Uint8Array | string | ReadableStream, by: Handler) =>
      by(new Request("http://x/v1/embeddings", { method: "POST", body, duplex: "half" } as never));
    expect((await post(new Uint8Array([0x22, 0xff, 0x22]), handler)).status).toBe(400);
    expect((await post("x".repeat(101), small)).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled++;
        controller.enqueue(new Uint8Array(60));
      },
    });
    expect((await post(endless, small)).status).toBe(413);
    expect(pulled).toBeLessThan(5);
    const broken = new ReadableStream({ pull: () => Promise.reject(new Error("reset")) });
    expect((await post(broken, handler)).status).toBe(499);
  });
});

describe("text-embeddings-inference", () => {
  test("/embed gives a list of vectors, also for one text", async () => {
    const one = await ask("/embed", { inputs: words[0] });
    close(one.json, await wanted([words[0]]));
    const { json, headers } = await ask("/embed", { inputs: words, dimensions: 16 });
    close(json, await wanted(words, 16));
    const { tokens } = await encoder.encode(words);
    expect(headers.get("x-compute-tokens")).toBe(`${tokens}`);
    expect(headers.get("x-nearfold-space")).toBe(encoder.space.id);
    expect(headers.get("x-compute-characters")).toBe(`${words.join("").length}`);
  });

  test("/embed_all gives the vectors of tokens: their mean is the text's", async () => {
    const { json, headers } = await ask("/embed_all", { inputs: words });
    expect(headers.get("x-nearfold-truncated")).toBe("1");
    const means = (json as number[][][]).map((rows) => {
      const sums = rows[0].map((_, d) => rows.reduce((sum, row) => sum + row[d], 0));
      const norm = Math.hypot(...sums);
      return sums.map((sum) => sum / norm);
    });
    close(means, await wanted(words));
    const counts = words.map((text) => tinyBert().tokenizer.encode(text, { maxLength: 60 }).ids);
    expect(json.map(({ length }: number[]) => length)).toEqual(counts.map(({ length }) => length));
    const one = await ask("/embed_all", { inputs: words[0], prompt_name: "query" });
    const { ids } = tinyBert().tokenizer.encode(`query: ${words[0]}`);
    expect([one.json.length, one.json[0].length]).toEqual([1, ids.length]);
    const bags = await ask("/embed_all", { model: "static", inputs: [" ", "the lazy fox"] });
    expect(bags.json.map(({ length }: number[]) => length)).toEqual([0, 3]);
  });

  test("the end of a text stays, where that is asked for", async () => {
    const body = { inputs: words[5], truncation_direction: "Left" };
    const { json, headers } = await ask("/embed", body);
    expect(headers.get("x-nearfold-truncated")).toBe("1");
    const { ids } = tinyBert().tokenizer.encode(words[5]);
    const kept = [ids[0], ...ids.slice(ids.length - 59)];
    expect(kept.length).toBe(60);
    close(json, (await ask("/embed", { inputs: kept })).json);
    const long = [...ids.slice(1, -1)];
    const left = await ask("/embed", { inputs: long, truncation_direction: "left" });
    close(left.json, (await ask("/embed", { inputs: long.slice(-60) })).json);
  });

  test("/ is for clients that know an address alone", async () => {
    close((await ask("/", { inputs: words })).json, await wanted(words));
    const inputs = { source_sentence: words[0], sentences: [words[1]] };
    const found = await ask("/", { inputs, prompt_name: "query" });
    const parameters = { prompt_name: "query" };
    expect(found.json).toEqual((await ask("/similarity", { inputs, parameters })).json);
  });

  test("/similarity is the cosine with each sentence", async () => {
    const inputs = { source_sentence: words[0], sentences: [words[0], words[1]] };
    const { json } = await ask("/similarity", { inputs, parameters: { prompt_name: "query" } });
    const [a, b] = await wanted(["query: ".concat(words[0]), "query: ".concat(words[1])]);
    expect(json[0]).toBeCloseTo(1, 5);
    expect(json[1]).toBeCloseTo(
      a.reduce((sum, x, i) => sum + x * b[i], 0),
      5,
    );
  });

  test("/tokenize and /decode are each other's inverse", async () => {
    const { json } = await ask("/tokenize", { inputs: ["the lazy fox"] });
    const ids = json[0].map(({ id }: { id: number }) => id);
    expect(ids).toEqual([...tinyBert().tokenizer.encode("the lazy fox").ids]);
    expect(json[0][0]).toEqual({
      id: ids[0],
      text: "[CLS]",
      special: true,
      start: null,
      stop: null,
    });
    expect((await ask("/decode", { ids })).json).toEqual(["the lazy fox"]);
    expect((await ask("/decode", { ids: [ids, ids] })).json).toEqual(Array(2).fill("the lazy fox"));
    const bare = await ask("/tokenize", { inputs: "fox", add_special_tokens: false });
    expect(bare.json[0].some(({ special }: { special: boolean }) => special)).toBe(false);
  });

  test("/info says what the server and its model are", async () => {
    const { json } = await ask("/info");
    expect(json).toMatchObject({
      model_id: "tiny-bert",
      model_type: { embedding: { pooling: "mean" } },
      max_input_length: 60,
      max_batch_tokens: 64,
      max_client_batch_size: 2048,
      version: "1.2.3",
      space: encoder.space,
    });
  });

  test.each<[string, string, unknown, number, string]>([
    ["/embed", "no inputs", {}, 422, "Validation"],
    ["/embed", "an empty list", { inputs: [] }, 400, "Empty"],
    ["/embed", "an empty text", { inputs: "" }, 400, "Empty"],
    [
      "/embed",
      "a long text that is not to be cut",
      { inputs: words[5], truncate: false },
      413,
      "Validation",
    ],
    [
      "/embed",
      "to cut another end",
      { inputs: "a", truncation_direction: "Up" },
      422,
      "Validation",
    ],
    [
      "/embed",
      "to read all of a long text for its end",
      { inputs: "a".repeat(65_537), truncation_direction: "Left" },
      413,
      "Validation",
    ],
    ["/embed_all", "no inputs", {}, 422, "Validation"],
    ["/embed_all", "an empty text", { inputs: ["a", ""] }, 400, "Empty"],
    [
      "/embed_all",
      "more vectors than an answer holds",
      { inputs: Array(2048).fill(words[5]), model: "static" },
      413,
      "Validation",
    ],
    ["/", "no inputs", {}, 422, "Validation"],
    ["/", "no sentences", { inputs: { source_sentence: "a" } }, 422, "Validation"],
    ["/tokenize", "half a surrogate pair", { inputs: "\ud800" }, 422, "Validation"],
    [
      "/embed",
      "raw vectors of a model of unit ones",
      { inputs: "a", normalize: false },
      422,
      "Validation",
    ],
    ["/similarity", "no source", { inputs: { sentences: ["a"] } }, 422, "Validation"],
    [
      "/similarity",
      "no sentences",
      { inputs: { source_sentence: "a", sentences: [] } },
      400,
      "Empty",
    ],
    ["/similarity", "inputs of another kind", { inputs: ["a"] }, 422, "Validation"],
    ["/tokenize", "a number", { inputs: 1 }, 422, "Validation"],
    ["/decode", "an id that is none", { ids: [999_999] }, 422, "Validation"],
    ["/decode", "an empty list of several", { ids: [[1], []] }, 400, "Empty"],
    ["/tokenize", "a text too long", { inputs: "a".repeat(65_537) }, 413, "Validation"],
    ["/decode", "too many ids", { ids: new Array(65_537).fill(1) }, 413, "Validation"],
    ["/decode", "texts", { ids: ["a"] }, 422, "Validation"],
  ])("%s refuses %s", async (path, _, body, status, error_type) => {
    const found = await ask(path, body);
    expect(found.status).toBe(status);
    expect(found.json).toEqual({ error: expect.any(String), error_type });
  });
});

describe("whatever is sent", () => {
  const posts = Object.entries(routes).flatMap(([path, { method }]) =>
    method === "POST" ? [path] : [],
  );
  const some = fc.oneof(fc.jsonValue(), fc.string(), fc.array(fc.nat(600)), fc.boolean());
  const names = ["input", "inputs", "ids", "model", "dimensions", "truncate", "normalize"];
  const more = ["encoding_format", "prompt_name", "truncation_direction", "parameters"];
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(Object.fromEntries([...names, ...more].map((name) => [name, some])), {
      requiredKeys: [],
    }),
    fc.record({ inputs: fc.record({ source_sentence: some, sentences: some }) }),
  );

  test.each(posts)("as JSON to %s, it is answered or refused", async (path) => {
    await fc.assert(
      fc.asyncProperty(body, async (json) => {
        const { status } = await ask(path, json);
        expect([200, 400, 404, 413, 422]).toContain(status);
      }),
      { numRuns: 200 },
    );
  });

  test("as bytes, it is refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        const init = { method: "POST", body: bytes as Uint8Array<ArrayBuffer> };
        const { status } = await handler(new Request("http://x/v1/embeddings", init));
        expect(status).toBe(400);
      }),
    );
  });

  test("as keys, it is read or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          parseApiKeys(text, "keys");
        } catch (error) {
          expect(error).toMatchObject({ code: "bad-input" });
        }
      }),
    );
  });
});

describe("the rest", () => {
  test("/v1/models lists them with their spaces", async () => {
    const { json } = await ask("/v1/models");
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual(["tiny-bert", "static"]);
    expect(json.data[0]).toMatchObject({
      object: "model",
      space: encoder.space.id,
      dims: [32, 16],
    });
  });

  test.each(["/health", "/livez", "/readyz"])("%s is 200 of nothing", async (path) => {
    expect(await ask(path)).toMatchObject({ status: 200, json: "" });
  });

  test("/metrics is Prometheus' text, and counts", async () => {
    const by = handlerWith({ metrics: createMetrics() });
    await ask("/embed", { inputs: words }, { by });
    await ask("/embed", { inputs: [] }, { by });
    const { json: text } = await ask("/metrics", undefined, { by });
    for (const line of (text as string).trim().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
    }
    expect(text).toContain('te_request_success{method="batch"} 1\n');
    expect(text).toContain('te_request_failure{err="bad-input"} 1\n');
    expect(text).toContain("nearfold_truncated_inputs 1\n");
    expect(text).toMatch(
      /nearfold_model_requests{model="tiny-bert",lane="[^"]+",outcome="answered"} \d+/,
    );
    expect(text).toContain('te_queue_size{class="bulk"} 0\n');
  });

  test("/openapi.json has every route by its method, and no other", async () => {
    const { paths } = (await ask("/openapi.json")).json;
    const listed = Object.entries<object>(paths).map(([path, of]) => [path, ...Object.keys(of)]);
    const there = Object.entries(routes).map(([path, { method }]) => [path, method.toLowerCase()]);
    expect(listed.toSorted()).toEqual(there.toSorted());
  });

  test.each([
    ["/nowhere", "GET", 404, null],
    ["/v1/embeddings", "GET", 405, "POST"],
    ["/info", "DELETE", 405, "GET"],
    ["/__proto__", "GET", 404, null],
  ])("%s by %s is %d", async (path, method, status, allow) => {
    const response = await handler(new Request(`http://x${path}`, { method }));
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe(allow);
    await response.text();
  });

  test.each(Object.entries(routes).filter(([, { admin }]) => admin))(
    "%s is not there without a key of an administrator",
    async (path, { method }) => {
      const init = method === "POST" ? { method, body: "{}" } : {};
      const response = await handler(new Request(`http://x${path}`, init));
      expect(response.status).toBe(404);
      expect(await response.text()).not.toMatch(/wanted.*admin/);
    },
  );

  test("keys: the right one of several is let in; probes need none", async () => {
    const by = handlerWith({ keys: parseApiKeys("# ours\nsecret-1\nsecret-2 bulk\n", "keys") });
    const as = (authorization: string) => ({ by, headers: { authorization } });
    const body = { input: "a" };
    for (const key of ["secret-1", "secret-2"]) {
      const found = await ask("/v1/embeddings", body, as(`Bearer ${key}`));
      expect(found.status).toBe(200);
    }
    for (const wrong of ["Bearer secret-3", "Bearer", "secret-1", "Basic secret-1", ""]) {
      const found = await ask("/v1/embeddings", body, as(wrong));
      expect(found).toMatchObject({ status: 401, json: { error: { code: "invalid_api_key" } } });
    }
    expect((await ask("/health", undefined, { by })).status).toBe(200);
  });

  test.each([
    ["a key with too much after it", "secret bulk more"],
    ["another class", "secret fast"],
    ["no key", "# none\n\n"],
  ])("keys: refuses %s without saying it", (_, text) => {
    expect(() => parseApiKeys(text, "keys")).toThrow(
      expect.objectContaining({ code: "bad-input" }),
    );
    expect(() => parseApiKeys(text, "keys")).not.toThrow("secret");
  });

  test("CORS is off until asked for", async () => {
    const preflight = new Request("http://x/v1/embeddings", { method: "OPTIONS" });
    expect((await handler(preflight)).status).toBe(405);
    const open = handlerWith({ corsOrigin: "https://a.example" });
    const allowed = await open(preflight);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://a.example");
  });

  test("a class that is none is refused, one that is there is taken", async () => {
    const as = (priority: string) => ({ headers: { "x-nearfold-priority": priority } });
    expect((await ask("/embed", { inputs: "a" }, as("bulk"))).status).toBe(200);
    expect((await ask("/embed", { inputs: "a" }, as("fast"))).status).toBe(422);
  });

  test("what is reported holds nothing of the texts", async () => {
    reports.length = 0;
    await ask("/v1/embeddings", { input: "a secret" });
    await ask("/v1/embeddings", { input: 7 });
    expect(reports).toMatchObject([
      { method: "POST", path: "/v1/embeddings", status: 200 },
      { method: "POST", path: "/v1/embeddings", status: 400 },
    ]);
    expect(JSON.stringify(reports)).not.toContain("secret");
  });
});

test("many requests of many sizes at once: each gets its own vectors", async () => {
  const all = await wanted(words);
  const asks = Array.from({ length: 60 }, async (_, i) => {
    const from = i % words.length;
    const input = i % 5 === 0 ? words : words.slice(from, from + 1 + (i % 3));
    const { json } = await ask("/v1/embeddings", { input });
    const rows = json.data.map(({ embedding }: { embedding: number[] }) => embedding);
    close(rows, i % 5 === 0 ? all : all.slice(from, from + 1 + (i % 3)));
  });
  await Promise.all(asks);
});

test("past what can wait it is 429 with a time to come again, and the rest is answered", async () => {
  await using model = await openServedModel(tinyBert());
  await using busy = await startService([model], {
    maxWaitMs: { interactive: 1, bulk: 1 },
    maxBatchTokens: 64,
  });
  const by = createHandler(busy, { metrics: createMetrics(), version: "1" });
  const asks = Array.from({ length: 100 }, () => ask("/embed", { inputs: words[3] }, { by }));
  const found = await Promise.all(asks);
  const refused = found.filter(({ status }) => status === 429);
  expect(found.filter(({ status }) => status === 200).length).toBe(100 - refused.length);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, json } of refused) {
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(json.error_type).toBe("Overloaded");
  }
});

describe("with a cache", () => {
  let cached: Service;
  let by: Handler;
  beforeAll(async () => {
    const model = stack.use(await openServedModel(tinyBert()));
    cached = await startService([model], { maxBatchTokens: 64, cacheBytes: 1e6 });
    by = createHandler(cached, { metrics: createMetrics(), version: "1" });
  });
  afterAll(() => cached.drain());

  test("what was asked for before is what it was, in usage and header too", async () => {
    const first = await ask("/v1/embeddings", { input: words }, { by });
    expect(first.headers.get("x-nearfold-cached")).toBe(null);
    const again = await ask("/v1/embeddings", { input: words.toReversed() }, { by });
    expect(again.headers.get("x-nearfold-cached")).toBe(`${words.length}`);
    const vectors = ({ json }: Answer): number[][] =>
      json.data.map(({ embedding }: { embedding: number[] }) => embedding);
    expect(vectors(again).toReversed()).toEqual(vectors(first));
    close(vectors(first), await wanted(words));
    const { truncated, ...usage } = again.json.usage;
    expect(first.json.usage).toEqual({ ...usage, truncated: [5] });
    expect(truncated).toEqual([words.length - 1 - 5]);
  });

  test("prompts are apart, dimensions are not; one of each goes through the model", async () => {
    const asked = { input: words[0], prompt_name: "query" };
    const long = await ask("/v1/embeddings", asked, { by });
    expect(long.headers.get("x-nearfold-cached")).toBe(null);
    const short = await ask("/v1/embeddings", { ...asked, dimensions: 16 }, { by });
    expect(short.headers.get("x-nearfold-cached")).toBe("1");
    close([short.json.data[0].embedding], await wanted([`query: ${words[0]}`], 16));
    // Its prompt is empty: that is none.
    const plain = await ask("/embed", { inputs: words[0], prompt_name: "document" }, { by });
    expect(plain.headers.get("x-nearfold-cached")).toBe("1");
    const left = { inputs: words[5], truncation_direction: "Left" };
    expect((await ask("/embed", left, { by })).headers.get("x-nearfold-cached")).toBe(null);
  });

  test("who would rather have an error than a text cut has it, with its place", async () => {
    const refused = await ask("/v1/embeddings", { input: words, truncate: false }, { by });
    expect(refused).toMatchObject({ status: 413, json: { error: { param: "input[5]" } } });
  });

  test("it is counted", async () => {
    const { json: text } = await ask("/metrics", undefined, { by });
    const { hits, misses } = cached.cache!.counts;
    expect(text).toContain(`nearfold_cache_inputs{result="hit"} ${hits}\n`);
    expect(text).toContain(`nearfold_cache_inputs{result="miss"} ${misses}\n`);
    expect([hits, misses].every((count) => count > 0)).toBe(true);
    expect(text).toMatch(/nearfold_cache_bytes [1-9]/);
  });
});

test("models of one name are refused", async () => {
  await using model = await openServedModel(tinyStatic());
  await expect(startService([model, model])).rejects.toMatchObject({ code: "bad-argument" });
});
