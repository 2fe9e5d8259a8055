import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChatService, eventOf, type Script, startChat } from "../../../test/chat-service.ts";
import { NearfoldError } from "../../errors.ts";
import { AnswerReader } from "./answer-reader.ts";
import { type ChatEndpointOptions, chatEndpoint } from "./chat-endpoint.ts";

const messages = [{ role: "user", content: "Why?" }] as const;
const answered =
  (text: string): Script =>
  () => [text];

async function said(
  { url }: ChatService,
  options: Partial<ChatEndpointOptions> & { readonly signal?: AbortSignal } = {},
) {
  const parts: string[] = [];
  const { signal, ...more } = options;
  const generate = chatEndpoint({ url, model: "m", ...more });
  const { cut } = await generate(messages, { signal, onText: (text) => parts.push(text) });
  return { text: parts.join(""), parts, cut };
}

test("an answer comes as it is written", async () => {
  await using service = await startChat(() => ["Be", "cause ", "of it."]);
  const { parts, cut } = await said(service, { key: "secret", temperature: 0 });
  expect([parts, cut]).toEqual([["Be", "cause ", "of it."], false]);
  expect(service.requests).toEqual([{ model: "m", messages, stream: true, temperature: 0 }]);
  expect(service.authorization).toEqual(["Bearer secret"]);
});

test("without a key none is sent", async () => {
  await using service = await startChat(answered("a"));
  await said(service);
  expect(service.authorization).toEqual([undefined]);
});

test("wherever the stream is cut", async () => {
  const stream = `: hello\n\n${eventOf("Süß")}${eventOf("👩‍👩‍👧.").replaceAll("\n", "\r\n")}${eventOf(undefined, "length")}`;
  const usage = 'data: {"choices": [], "usage": {"total_tokens": 9}}\n\ndata: [DONE]\n\n';
  const bytes = Buffer.from(stream + usage);
  const cuts = fc.uniqueArray(fc.nat(bytes.length - 1), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (places) => {
      let text = "";
      const reader = new AnswerReader("u", (part) => {
        text += part;
      });
      reader.begin(true);
      let from = 0;
      for (const to of [...places.sort((a, b) => a - b), bytes.length]) {
        reader.push(bytes.subarray(from, to));
        from = to;
      }
      expect([text, reader.end()]).toEqual(["Süß👩‍👩‍👧.", { cut: true }]);
    }),
  );
});

test("whatever comes, it is an answer or one clear error", () => {
  const lines = [
    "data: ",
    "[DONE]",
    "\n\n",
    "{",
    "}",
    '"choices"',
    ":",
    "[",
    "]",
    '{"choices":[{"delta":{"content":"a"}}]}',
    "null",
    "event: x\n",
  ];
  const stream = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 30 });
  fc.assert(
    fc.property(stream, fc.boolean(), (parts, isStream) => {
      const reader = new AnswerReader("u", () => {});
      reader.begin(isStream);
      try {
        reader.push(Buffer.from(parts.join("")));
        reader.end();
      } catch (error) {
        const early =
          !reader.began && (error as Error).message === "the stream ended before the answer";
        if (!early) expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
  );
});

test("a service that doesn't stream is understood too", async () => {
  const message = { role: "assistant", content: "At once." };
  const body = JSON.stringify({ choices: [{ message, finish_reason: "stop" }] });
  await using service = await startChat(() => ({ status: 200, body }));
  expect(await said(service)).toEqual({ text: "At once.", parts: ["At once."], cut: false });
});

describe("what passes by itself is asked again", () => {
  const later = { status: 503, headers: { "retry-after": "0" } };

  test("a service that is busy", async () => {
    await using service = await startChat((_, n) => (n < 2 ? later : ["At last."]));
    const waits: number[] = [];
    const { text } = await said(service, { onRetry: ({ waitMs }) => waits.push(waitMs) });
    expect([text, waits, service.requests.length]).toEqual(["At last.", [0, 0], 3]);
  });

  test("a connection that breaks before the answer began", async () => {
    await using service = await startChat((_, n) =>
      n === 0 ? { status: 200, raw: [": wait\n\n"] } : ["Yes."],
    );
    expect((await said(service)).text).toBe("Yes.");
  });

  test("but not for ever, nor once it was stopped", async () => {
    await using service = await startChat(() => later);
    await expect(said(service)).rejects.toThrow(/failed 7 times \(got status 503\)/);
    service.script = () => ({ status: 503, headers: { "retry-after": "200" } });
    const stop = new AbortController();
    const asked = said(service, { signal: stop.signal, onRetry: () => stop.abort() });
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
  });

  test("a service that says nothing", async () => {
    await using service = await startChat((_, n) =>
      n === 0 ? { status: 200, raw: [": wait\n\n"], hangs: true } : ["Yes."],
    );
    expect((await said(service, { timeoutMs: 200 })).text).toBe("Yes.");
  });
});

describe("what does not pass is one clear error", () => {
  const stream = (raw: readonly string[], ends = true) => ({ status: 200, raw, ends });
  const answers: [string, ReturnType<Script>, string, RegExp][] = [
    ["a wrong key", { status: 401, body: "no" }, "forbidden", /status 401: no.*Is its key set/],
    [
      "another route",
      { status: 404, body: "<html>\nno" },
      "bad-input",
      /refuses \(got status 404: <html> no/,
    ],
    [
      "a redirection",
      { status: 307, headers: { location: "http://127.0.0.1:1/" } },
      "bad-input",
      /status 307/,
    ],
    [
      "no JSON",
      { status: 200, body: "<html>" },
      "bad-input",
      /not an answer of a chat \(got "<html>"/,
    ],
    ["another object", { status: 200, body: "{}" }, "bad-input", /wanted an object with "choices"/],
    ["an event that is no JSON", stream(["data: {\n\n"]), "bad-input", /not an answer/],
    [
      "content that is no text",
      stream(['data: {"choices":[{"delta":{"content":1}}]}\n\n']),
      "bad-input",
      /not an answer/,
    ],
    [
      "an error",
      stream(['data: {"error":{"message":"too many tokens"}}\n\n']),
      "bad-input",
      /an error \(got too many tokens/,
    ],
    [
      "an end before the end",
      stream([eventOf("I think")]),
      "io",
      /broke off \(got the end of the stream/,
    ],
    ["a cut", stream([eventOf("I think")], false), "io", /broke off/],
    [
      "an answer without end",
      stream([eventOf("x".repeat(600_000)), eventOf("x".repeat(600_000))]),
      "too-large",
      /too long/,
    ],
  ];
  test.each(answers)("%s", async (_, answer, code, message) => {
    await using service = await startChat(() => answer);
    const error = await said(service).catch((found: unknown) => found);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(service.requests).toHaveLength(1);
  });

  test("silence within an answer", async () => {
    await using service = await startChat(() => ({
      status: 200,
      raw: [eventOf("I")],
      hangs: true,
    }));
    const asked = said(service, { timeoutMs: 200 });
    await expect(asked).rejects.toThrow(/broke off \(got no answer in time/);
  });

  test("stopped within an answer", async () => {
    await using service = await startChat(() => ({
      status: 200,
      raw: [eventOf("I")],
      hangs: true,
    }));
    const asked = said(service, { signal: AbortSignal.timeout(200) });
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
  });

  test.each(["", "file:///etc/passwd", "localhost"])("the URL %j", (url) => {
    expect(() => chatEndpoint({ url, model: "m" })).toThrow(/not the URL of a service/);
  });
});
