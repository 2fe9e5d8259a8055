/** Clients that others wrote, as they are, over HTTP. */
import { OpenAIEmbeddings } from "@langchain/openai";
import { OpenAIEmbedding } from "@llamaindex/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import {
  createHandler,
  createMetrics,
  type Listening,
  listen,
  openServedModel,
  parseApiKeys,
  type ServedModel,
  type Service,
  startService,
} from "../src/serve/index.ts";
import { texts, tinyBert } from "./tiny-models.ts";

const words = texts.filter((text) => text !== "");
let model: ServedModel;
let service: Service;
let server: Listening;
let wanted: number[][];
let shorter: number[][];

beforeAll(async () => {
  await using encoder = await openEncoder(tinyBert());
  const rowsOf = async (dims: number) => {
    const { vectors } = await encoder.encode(words, { dims });
    return words.map((_, i) => [...vectors.subarray(i * dims, (i + 1) * dims)]);
  };
  [wanted, shorter] = [await rowsOf(32), await rowsOf(16)];
  model = await openServedModel(tinyBert());
  service = await startService([model], { maxBatchTokens: 64 });
  const keys = parseApiKeys("secret\n", "keys");
  const handler = createHandler(service, { metrics: createMetrics(), version: "1", keys });
  server = await listen(handler, { port: 0 });
});
afterAll(async () => {
  await server.close();
  await service.drain();
  await model[Symbol.asyncDispose]();
});

const close = (found: readonly number[][], rows: readonly number[][]) => {
  expect(found.map(({ length }) => length)).toEqual(rows.map(({ length }) => length));
  const flat = (list: readonly number[][]) => Float32Array.from(list.flat());
  expect(flat(found)).toBeClose(flat(rows), { rtol: 0, atol: 1e-6 });
};

describe("LangChain.js", () => {
  const client = (apiKey = "secret", options: object = {}) =>
    new OpenAIEmbeddings({
      ...{ model: "tiny-bert", apiKey, maxRetries: 0, ...options },
      configuration: { baseURL: `${server.url}/v1` },
    });

  test("embeds documents, in its batches, and queries", async () => {
    close(await client("secret", { batchSize: 3 }).embedDocuments(words), wanted);
    close([await client().embedQuery(words[0])], [wanted[0]]);
  });

  test("asks for fewer dimensions, and for floats", async () => {
    const options = { dimensions: 16, encodingFormat: "float" };
    close(await client("secret", options).embedDocuments(words), shorter);
  });

  test("understands a refusal", async () => {
    await expect(client("wrong").embedQuery("a")).rejects.toMatchObject({ status: 401 });
  });
});

describe("LlamaIndex.TS", () => {
  const client = (apiKey = "secret", options: object = {}) =>
    new OpenAIEmbedding({
      ...{ model: "tiny-bert", apiKey, maxRetries: 0, ...options },
      baseURL: `${server.url}/v1`,
    });

  test("embeds texts, in its batches, and queries", async () => {
    close(await client("secret", { embedBatchSize: 3 }).getTextEmbeddingsBatch([...words]), wanted);
    close([await client().getTextEmbedding(words[0])], [wanted[0]]);
    const query = await client().getQueryEmbedding({ type: "text", text: words[1] });
    close([query!], [wanted[1]]);
  });

  test("asks for fewer dimensions", async () => {
    close(await client("secret", { dimensions: 16 }).getTextEmbeddings([...words]), shorter);
  });

  test("understands a refusal", async () => {
    await expect(client("wrong").getTextEmbedding("a")).rejects.toMatchObject({ status: 401 });
  });
});
