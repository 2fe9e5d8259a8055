import { describe, expect, test } from "vitest";
import { startService } from "../../test/embeddings-service.ts";
import { batchesOf, endpointTeacher } from "./endpoint.ts";

const embed = (text: string) => [text.length, 1, 0];
const soon = "0";

test("vectors come in the order of the texts, whatever the service's, in batches", async () => {
  await using service = await startService(embed);
  const teacher = endpointTeacher({ url: service.url, model: "m", key: "secret", batchTexts: 2 });
  const { vectors, dims } = await teacher.embed(["a", "bb", "ccc", "dd", "e"]);
  expect(dims).toBe(3);
  expect([...vectors]).toEqual([1, 1, 0, 2, 1, 0, 3, 1, 0, 2, 1, 0, 1, 1, 0]);
  expect(service.answered).toEqual([["a", "bb"], ["ccc", "dd"], ["e"]]);
  expect(new Set(service.authorization)).toEqual(new Set(["Bearer secret"]));
});

test.each([
  ["nothing", [], []],
  ["as many as a batch takes", ["a", "b", "c"], [["a", "b"], ["c"]]],
  ["as many characters as it takes", ["aaaa", "bb", "c"], [["aaaa"], ["bb", "c"]]],
  ["a long text alone", ["a", "b".repeat(9), "c"], [["a"], ["b".repeat(9)], ["c"]]],
])("batches: %s", (_, texts, wanted) => {
  expect(batchesOf(texts, { batchTexts: 2, batchCharacters: 5 })).toEqual(wanted);
});

describe("what passes by itself is asked again", () => {
  test.each([429, 500, 503])("status %i", async (status) => {
    await using service = await startService(embed);
    service.fault = (n) => (n < 2 ? { status, retryAfter: soon } : undefined);
    const waits: number[] = [];
    const teacher = endpointTeacher({
      url: service.url,
      model: "m",
      onRetry: ({ waitMs }) => waits.push(waitMs),
    });
    expect((await teacher.embed(["a"])).dims).toBe(3);
    expect(service.requests).toBe(3);
    expect(waits).toEqual([0, 0]);
  });

  test("a connection that breaks, after half a second", async () => {
    await using service = await startService(embed);
    service.fault = (n) => (n === 0 ? "hang up" : undefined);
    const began = performance.now();
    const teacher = endpointTeacher({ url: service.url, model: "m" });
    expect((await teacher.embed(["a"])).dims).toBe(3);
    expect(performance.now() - began).toBeGreaterThan(450);
  });

  test("but not for ever", async () => {
    await using service = await startService(embed);
    service.fault = () => ({ status: 429, retryAfter: soon });
    const teacher = endpointTeacher({ url: service.url, model: "m" });
    await expect(teacher.embed(["a"])).rejects.toThrow(/failed 7 times \(got status 429\)/);
    expect(service.requests).toBe(7);
  });

  test("nor once it was stopped", async () => {
    await using service = await startService(embed);
    service.fault = () => ({ status: 503, retryAfter: "200" });
    const stop = new AbortController();
    const onRetry = () => stop.abort();
    const teacher = endpointTeacher({ url: service.url, model: "m", onRetry });
    const asked = teacher.embed(["a"], { signal: stop.signal });
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("what does not pass is one clear error", () => {
  const answers: [string, string, RegExp, string][] = [
    ["no JSON", "<html>", /the answer is not JSON/, "bad-input"],
    ["another object", "{}", /is no embeddings .*wanted an object with "data"/, "bad-input"],
    ["too few", '{"data": []}', /not a vector for each text \(got 0, wanted 1\)/, "mismatch"],
    ["no list", '{"data": [{"embedding": "x"}]}', /an index and an embedding/, "bad-input"],
    ["an index past the end", '{"data": [{"index": 1, "embedding": [1]}]}', /index/, "bad-input"],
    ["no numbers", '{"data": [{"embedding": [null]}]}', /an index and an emb/, "bad-input"],
    ["too large for float32", '{"data": [{"embedding": [1e39]}]}', /not of numbers/, "not-finite"],
  ];
  test.each(answers)("%s", async (_, body, message, code) => {
    await using service = await startService(embed);
    service.fault = () => ({ status: 200, body });
    const asked = endpointTeacher({ url: service.url, model: "m" }).embed(["a"]);
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toMatchObject({ code });
    expect(service.requests).toBe(1);
  });

  test("two vectors of several widths, two of one index", async () => {
    await using service = await startService((text) => (text === "a" ? [1] : [1, 2]));
    const teacher = endpointTeacher({ url: service.url, model: "m" });
    await expect(teacher.embed(["a", "b"])).rejects.toThrow(/several widths/);
    const row = { index: 0, embedding: [1] };
    service.fault = () => ({ status: 200, body: JSON.stringify({ data: [row, row] }) });
    await expect(teacher.embed(["a", "b"])).rejects.toThrow(/each index once/);
  });

  test("another width half-way", async () => {
    await using service = await startService(embed);
    const teacher = endpointTeacher({ url: service.url, model: "m" });
    await teacher.embed(["a"]);
    service.embed = () => [1, 2];
    await expect(teacher.embed(["b"])).rejects.toThrow(/changed the width .*got 2, wanted 3/);
  });

  test.each([
    [401, "forbidden", /status 401: no.*Is its key set/],
    [400, "bad-input", /status 400: no/],
  ])("status %i", async (status, code, message) => {
    await using service = await startService(embed);
    service.fault = () => ({ status });
    const asked = endpointTeacher({ url: service.url, model: "m" }).embed(["a"]);
    await expect(asked).rejects.toMatchObject({ code });
    await expect(asked).rejects.toThrow(message);
    expect(service.requests).toBe(1);
  });

  test.each(["", "file:///etc/passwd", "localhost"])("the URL %j", (url) => {
    expect(() => endpointTeacher({ url, model: "m" })).toThrow(/not the URL of a service/);
  });
});
