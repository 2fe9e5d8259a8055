/** Models that are changed while they are served: by routes of administrators, and by the command as typed. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { saveModel } from "../src/models/index.ts";
import {
  createHandler,
  createMetrics,
  createModelChanges,
  type Handler,
  openServedModel,
  parseApiKeys,
  type ServedModel,
  type Service,
  startService,
} from "../src/serve/index.ts";
import { startServing } from "./serving.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert, tinyStatic } from "./tiny-models.ts";

/** However busy the machine is. */
const WITHIN = { timeout: 30_000 };
const words = texts.filter((text) => text !== "");
const keys = "root admin\nuser\nindexer bulk\n";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);
const widths = { bert: 32, static: 48 };

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("bert"), tinyBert());
  await saveModel(at("again"), tinyBert());
  await saveModel(at("static"), tinyStatic());
  await folder.write("keys.txt", keys);
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is looked at, not trusted
  readonly json: any;
}

async function ask(by: Handler, path: string, body?: object, key = "root"): Promise<Answer> {
  const headers = key === "" ? {} : { authorization: `Bearer ${key}` };
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await by(new Request(`http://x${path}`, { headers, ...init }));
  return { status: response.status, headers: response.headers, json: await response.json() };
}

describe("the routes", () => {
  let service: Service;
  let handler: Handler;
  /** Models that are open. */
  let open: Set<ServedModel>;
  const said: string[] = [];

  beforeEach(async () => {
    open = new Set();
    said.length = 0;
    const openOne = async (reference: string, name: string | undefined) => {
      const few = { workers: 1, threads: 1 };
      const model = await openServedModel(reference, {
        ...few,
        ...(name !== undefined && { name }),
      });
      const closing: ServedModel = {
        ...model,
        [Symbol.asyncDispose]: async () => {
          open.delete(closing);
          await model[Symbol.asyncDispose]();
        },
      };
      open.add(closing);
      return closing;
    };
    const first = await openOne(at("bert"), "m");
    service = await startService([first], { maxBatchTokens: 64 });
    const changes = createModelChanges({
      ...{ service, open: openOne, references: new Map([["m", at("bert")]]) },
      onChange: (name, what) => said.push(`${name}: ${what}`),
    });
    handler = createHandler(service, {
      ...{ changes, metrics: createMetrics(), version: "1" },
      keys: parseApiKeys(keys, "keys.txt"),
    });
  });
  afterEach(async () => {
    await service.drain();
    for (const model of open) await model[Symbol.asyncDispose]();
  });
  const models = async () => (await ask(handler, "/admin/models")).json.models;
  const widthOf = async (model: string) => {
    const { json } = await ask(handler, "/embed", { model, inputs: "a" });
    return json[0].length as number;
  };

  test("list what is served, whence, and what it has had to do", async () => {
    await ask(handler, "/embed", { inputs: words });
    expect(await models()).toEqual([
      {
        name: "m",
        space: expect.stringMatching(/^sha256:/),
        current: {
          model: at("bert"),
          space: expect.stringMatching(/^sha256:/),
          dims: [32, 16],
          dtype: "float32",
          created: expect.any(Number),
          requests: { unanswered: 0, answered: 1, failed: 0 },
        },
      },
    ]);
  });

  test("load a name more, which is asked at once, and unload it", async () => {
    const loaded = await ask(handler, "/admin/load", { model: at("static"), name: "n" });
    expect(loaded).toMatchObject({ status: 200, json: { models: [{ name: "m" }, { name: "n" }] } });
    expect(await widthOf("n")).toBe(widths.static);
    expect((await ask(handler, "/admin/unload", { name: "n" })).json.models.length).toBe(1);
    expect((await ask(handler, "/embed", { model: "n", inputs: "a" })).status).toBe(404);
    expect(await widthOf("m")).toBe(widths.bert);
    await expect.poll(() => open.size, WITHIN).toBe(1);
    expect(Object.keys(service.lanes)).toEqual(["m/document"]);
  });

  test("load another in the place of one: the name changes spaces at once", async () => {
    const before = (await models())[0].space;
    await ask(handler, "/admin/load", { model: at("static"), name: "m" });
    const [now] = await models();
    expect(now.space).not.toBe(before);
    expect(now).toMatchObject({ current: { model: at("static") } });
    expect(await widthOf("m")).toBe(widths.static);
    expect(said).toEqual([expect.stringContaining("m: is now of the space")]);
    await expect.poll(() => open.size, WITHIN).toBe(1);
  });

  test("a canary gets its share, another share, and the name", async () => {
    const load = { model: at("again"), name: "m", share: 0.25 };
    expect((await ask(handler, "/admin/load", load)).status).toBe(200);
    const askSome = async () => {
      for (let i = 0; i < 20; i++) await ask(handler, "/embed", { model: "m", inputs: words[0] });
    };
    await askSome();
    const [{ current, beside, share }] = await models();
    expect([current.requests.answered, beside.requests.answered, share]).toEqual([15, 5, 0.25]);
    expect(beside).toMatchObject({ model: at("again"), space: current.space });
    await ask(handler, "/admin/share", { name: "m", share: 1 });
    await askSome();
    expect((await models())[0].beside.requests.answered).toBe(25);
    await ask(handler, "/admin/switch", { name: "m" });
    const [after] = await models();
    expect(after.current).toMatchObject({ model: at("again"), requests: { answered: 25 } });
    expect(after).not.toHaveProperty("beside");
    await expect.poll(() => open.size, WITHIN).toBe(1);
    expect(await widthOf("m")).toBe(widths.bert);
  });

  test("one of another space stands ready without a share, and never gets one", async () => {
    const shared = await ask(handler, "/admin/load", {
      model: at("static"),
      name: "m",
      share: 0.1,
    });
    expect(shared).toMatchObject({ status: 409, json: { error: { param: "m" } } });
    expect(open.size).toBe(1);
    await ask(handler, "/admin/load", { model: at("static"), name: "m", share: 0 });
    expect((await ask(handler, "/admin/share", { name: "m", share: 0.5 })).status).toBe(409);
    for (let i = 0; i < 5; i++) expect(await widthOf("m")).toBe(widths.bert);
    await ask(handler, "/admin/switch", { name: "m" });
    for (let i = 0; i < 5; i++) expect(await widthOf("m")).toBe(widths.static);
  });

  test("what stands beside can be taken away", async () => {
    await ask(handler, "/admin/load", { model: at("again"), name: "m", share: 1 });
    await ask(handler, "/admin/unload", { name: "m", beside: true });
    expect((await models())[0]).not.toHaveProperty("beside");
    await expect.poll(() => open.size, WITHIN).toBe(1);
    expect(await widthOf("m")).toBe(widths.bert);
  });

  test.each<[string, string, () => object, number]>([
    ["a folder that is not there", "/admin/load", () => ({ model: at("nowhere"), name: "m" }), 404],
    ["no model", "/admin/load", () => ({ name: "m" }), 400],
    ["a share of more than all", "/admin/load", () => ({ model: at("again"), share: 2 }), 400],
    ["one beside nothing", "/admin/load", () => ({ model: at("again"), name: "x", share: 1 }), 404],
    ["a share of nothing", "/admin/share", () => ({ name: "m", share: 0.5 }), 404],
    ["no share", "/admin/share", () => ({ name: "m" }), 400],
    ["to switch to nothing", "/admin/switch", () => ({ name: "m" }), 404],
    ["to unload the last model", "/admin/unload", () => ({ name: "m" }), 400],
    ["to unload what is not there", "/admin/unload", () => ({ name: "x" }), 404],
    ["no name", "/admin/unload", () => ({}), 400],
    ["a body that is none", "/admin/switch", () => [], 400],
  ])("refuse %s, and nothing changes", async (_, path, body, status) => {
    const before = await models();
    const refused = await ask(handler, path, body());
    expect(refused.status).toBe(status);
    expect(refused.json.error.type).toBe("invalid_request_error");
    expect(await models()).toEqual(before);
    expect(open.size).toBe(1);
  });

  test("whatever is sent is done or refused, and what was served is served", async () => {
    const some = fc.oneof(fc.jsonValue(), fc.constantFrom("m", 0, 0.5, 1, true));
    const body = fc.record(
      { name: some, model: some, share: some, beside: some },
      { requiredKeys: [] },
    );
    const path = fc.constantFrom("/admin/load", "/admin/share", "/admin/switch", "/admin/unload");
    await fc.assert(
      fc.asyncProperty(path, fc.oneof(body, fc.jsonValue()), async (to, json) => {
        const { status } = await ask(handler, to, json as object);
        expect([200, 400, 404, 409]).toContain(status);
      }),
    );
    expect(await widthOf("m")).toBe(widths.bert);
  });

  test.each([
    ["no key", "", 401],
    ["a wrong one", "other", 401],
    ["a user's", "user", 403],
    ["one of a class", "indexer", 403],
  ])("refuse %s", async (_, key, status) => {
    for (const path of ["/admin/load", "/admin/unload", "/admin/switch", "/admin/share"]) {
      const body = { model: at("static"), name: "m", share: 0 };
      expect((await ask(handler, path, body, key)).status).toBe(status);
    }
    expect((await ask(handler, "/admin/models", undefined, key)).status).toBe(status);
  });

  test("changed again and again under load: no request fails, none has vectors of two spaces", async () => {
    let done = false;
    const statuses: number[] = [];
    const widthBySpace = new Map<string, number>();
    const asking = Array.from({ length: 6 }, async (_, i) => {
      while (!done) {
        const path = i % 3 === 0 ? "/embed_all" : "/embed";
        const inputs = i % 2 === 0 ? words : words[i];
        const { status, headers, json } = await ask(handler, path, { model: "m", inputs }, "user");
        statuses.push(status);
        const rows: number[][] = path === "/embed" ? json : json.flat();
        const space = headers.get("x-nearfold-space")!;
        const known = widthBySpace.get(space) ?? rows[0].length;
        widthBySpace.set(space, known);
        expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([known]));
        await sleep(1);
      }
    });
    const change = async (path: string, body: object) =>
      expect(await ask(handler, path, { name: "m", ...body })).toMatchObject({ status: 200 });
    for (const model of [at("static"), at("bert")]) {
      await change("/admin/load", { model });
      await change("/admin/load", { model, share: 0.5 });
      await sleep(20);
      await change("/admin/switch", {});
      await change("/admin/load", { model: at("bert"), share: 0 });
      await change("/admin/unload", { beside: true });
    }
    done = true;
    await Promise.all(asking);
    expect(statuses.length).toBeGreaterThan(20);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect([...widthBySpace.values()].toSorted()).toEqual([32, 48]);
    await expect.poll(() => open.size, WITHIN).toBe(1);
    expect(service.depth("bulk").requests + service.depth("interactive").requests).toBe(0);
  });
});

test("as typed: a key of an administrator changes models, and SIGHUP opens what is served then", async () => {
  await using started = await startServing([`m=${at("bert")}`, "--api-keys", at("keys.txt")]);
  const by: Handler = async (request) => {
    const { pathname } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : undefined;
    const { method, headers } = request;
    return await fetch(`${started.url}${pathname}`, { method, headers, ...(body && { body }) });
  };
  expect((await ask(by, "/admin/models", undefined, "user")).status).toBe(403);
  await ask(by, "/admin/load", { model: at("static"), name: "n" });
  await ask(by, "/admin/unload", { name: "m" });
  const { json } = await ask(by, "/admin/models");
  expect(json.models).toMatchObject([{ name: "n", current: { model: at("static") } }]);
  expect(started.err).toContain("m: is served no more");
  process.emit("SIGHUP");
  await expect.poll(() => started.err, WITHIN).toContain("n: is what it was");
  expect(await started.stop()).toBe(0);
});
