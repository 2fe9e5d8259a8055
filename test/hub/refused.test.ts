/** A Hub that refuses, lies, is not there, or should not learn the token. */

import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NearfoldError } from "../../src/errors.ts";
import { expectWhole, hubAndCache, ID, needed, weights } from "./models.ts";
import type { Faults } from "./stand-in.ts";

const WEIGHTS = "model.safetensors";
const TOKEN = "hf_secret";

/** The error of a fetch, which is one of ours and has left nothing to be read. */
async function errorOf(faults: Faults, options: { token?: string; revision?: string } = {}) {
  await using world = await hubAndCache();
  world.hub.faults = faults;
  const error = await world.fetch(options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(NearfoldError);
  expect(error.message).toMatch(new RegExp(`^${ID}[/:]`));
  expect(error.message).not.toContain(TOKEN);
  const kept = await world.fetch({ offline: true }).catch((thrown) => thrown);
  expect(kept).toMatchObject({ code: "not-found" });
  const written = await readdir(join(world.cache, ".."));
  return { error: error as NearfoldError, written };
}

describe("a refusal says whose turn it is", () => {
  const info = `/api/models/${ID}`;
  const config = "/resolve/";
  test.each<[string, Faults, { token?: string; revision?: string }, string, RegExp]>([
    [
      "401, nobody asks",
      { refuse: { url: info, status: 401 } },
      {},
      "forbidden",
      /has no such model, or it is private .*give a token \(HF_TOKEN\)/,
    ],
    [
      "401, with a token",
      { refuse: { url: info, status: 401 } },
      { token: TOKEN },
      "forbidden",
      /refuses the token/,
    ],
    [
      "403, with a token",
      { refuse: { url: info, status: 403 } },
      { token: TOKEN },
      "forbidden",
      /refuses the token .*may it read this model/,
    ],
    [
      "gated, nobody asks",
      { refuse: { url: config, status: 401, kind: "GatedRepo" } },
      {},
      "forbidden",
      /^acme\/tiny-model: its owner gives access on request .*Ask for it on http.*acme\/tiny-model, and give a token/,
    ],
    [
      "gated, with a token",
      { refuse: { url: config, status: 403, kind: "GatedRepo" } },
      { token: TOKEN },
      "forbidden",
      /gives access on request .*Ask for it on [^,]*$/,
    ],
    [
      "no model",
      { refuse: { url: info, status: 404, kind: "RepoNotFound" } },
      { token: TOKEN },
      "not-found",
      /has no such model \(got HTTP 404\)/,
    ],
    [
      "no revision",
      {},
      { revision: "v9" },
      "not-found",
      /no such branch, tag or commit \(got "v9"\)/,
    ],
    [
      "no file",
      { refuse: { url: config, status: 404, kind: "EntryNotFound" } },
      {},
      "not-found",
      /lists this file and does not have it/,
    ],
    [
      "500",
      { refuse: { url: info, status: 500 } },
      {},
      "io",
      /fails \(got HTTP 500\)\. With offline/,
    ],
    [
      "503 of a file",
      { refuse: { url: config, status: 503 } },
      {},
      "io",
      /fails \(got HTTP 503\)\. What has arrived is kept/,
    ],
    [
      "429",
      { refuse: { url: info, status: 429 }, retryAfter: 30 },
      {},
      "io",
      /fails \(got HTTP 429\)\. It asks to wait 30 s/,
    ],
  ])("%s", async (_, faults, options, code, message) => {
    const { error } = await errorOf(faults, options);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test("no Hub at all", async () => {
    await using world = await hubAndCache();
    const error = await world.fetch({ endpoint: await nobody() }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "io" });
    expect(error.message).toMatch(/cannot be reached \(got ECONNREFUSED\)\. With offline .* cache/);
  });
});

/** An address where nobody listens any more. */
async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe("other bytes than listed are thrown away", () => {
  const other = Buffer.from(weights);
  other[100_000]! ^= 1;
  test.each<[string, Faults, RegExp]>([
    [
      "a large file of another hash",
      { send: { [WEIGHTS]: other } },
      /model\.safetensors: .*another content .*got sha256:\w{64}, wanted sha256:/,
    ],
    [
      "a small file of another hash",
      { send: { "config.json": '{"model_type":"pert"}' } },
      /config\.json: .*another content .*got git-blob:\w{40}, wanted git-blob:/,
    ],
    [
      "a shorter file",
      { send: { [WEIGHTS]: weights.subarray(0, 150_000) } },
      /another size .*got 150000 bytes, wanted 200000 bytes/,
    ],
    [
      "a longer file",
      { send: { [WEIGHTS]: Buffer.alloc(300_000) } },
      /another size .*got 300000 bytes, wanted 200000 bytes/,
    ],
    [
      "a longer file of no announced size",
      { send: { [WEIGHTS]: Buffer.alloc(300_000) }, chunked: true },
      /another size .*got more, wanted 200000 bytes/,
    ],
    [
      "a shorter file of no announced size",
      { send: { [WEIGHTS]: weights.subarray(0, 150_000) }, chunked: true },
      /shorter than the Hub lists it/,
    ],
  ])("%s", async (_, faults, message) => {
    const { error } = await errorOf(faults);
    expect(error.code).toBe("mismatch");
    expect(error.message).toMatch(message);
  });

  test("and the next call fetches the file anew", async () => {
    await using world = await hubAndCache();
    world.hub.faults = { send: { [WEIGHTS]: other } };
    await expect(world.fetch()).rejects.toMatchObject({ code: "mismatch" });
    world.hub.faults = {};
    await expectWhole(await world.fetch());
  });
});

describe("a hostile Hub writes nothing outside the folder", () => {
  const listed = (entry: object) => (entries: readonly object[]) => [...entries, entry];
  const oid = "0".repeat(40);
  const outside = [
    "../config.json",
    "/etc/config.json",
    "a/../../config.json",
    "..\\config.json",
    "C:\\config.json",
    "a//config.json",
    "./config.json",
    "\ud800/config.json",
    "",
  ];
  test.each(outside)("a listed path %j", async (path) => {
    const { error, written } = await errorOf({
      list: listed({ type: "file", path, size: 1, oid }),
    });
    expect(error).toMatchObject({ code: "bad-input" });
    expect(error.message).toContain("leads out of the folder");
    expect(written).toEqual(["cache"]);
  });

  test.each<[string, Faults, string]>([
    [
      "a size below 0",
      { list: listed({ type: "file", path: "x", size: -1, oid }) },
      "x is listed with an impossible size (got -1)",
    ],
    [
      "a size that is a text",
      { list: listed({ type: "file", path: "x", size: "9", oid }) },
      "x is listed with an impossible size",
    ],
    [
      "no hash",
      { list: listed({ type: "file", path: "x", size: 9 }) },
      "x is listed with an unknown hash",
    ],
    [
      "a hash that is a path",
      { list: listed({ type: "file", path: "x", size: 9, oid: "../../x" }) },
      "x is listed with an unknown hash",
    ],
    [
      "no listing",
      { answer: { url: "/tree/", body: '{"error":"?"}' } },
      "does not answer as a Hub does",
    ],
    ["no JSON", { answer: { url: "/revision/", body: "<html>" } }, "does not answer as a Hub does"],
    [
      "no commit",
      { answer: { url: "/revision/", body: '{"sha":"../../x"}' } },
      "does not say which commit",
    ],
    [
      "more files than a model has",
      { answer: { url: "/tree/", body: manyFiles() } },
      "more files than a model has",
    ],
    [
      "an answer without end",
      { answer: { url: "/tree/", body: `["${"x".repeat(34 * 2 ** 20)}"]` } },
      "answer is too long",
    ],
  ])("%s", async (_, faults, message) => {
    const { error } = await errorOf(faults);
    expect(["bad-input", "too-large"]).toContain(error.code);
    expect(error.message).toContain(message);
  });

  test("another commit than the one asked for", async () => {
    const answer = { url: "/revision/", body: JSON.stringify({ sha: "1".repeat(40) }) };
    const { error } = await errorOf({ answer }, { revision: "2".repeat(40) });
    expect(error.message).toContain("does not say which commit");
  });

  test.each([
    ["a module", { "modules.json": '[{"path":"../../elsewhere"}]' }, "a module lies outside"],
    [
      "a route",
      { "modules.json": '[{"path":"r"}]', "r/router_config.json": '{"types":{"../../x":"X"}}' },
      "a module lies outside",
    ],
    [
      "a shard",
      { "model.safetensors.index.json": '{"weight_map":{"w":"../../x.safetensors"}}' },
      "the model has no such file",
    ],
    [
      "a shard that is a number",
      { "model.safetensors.index.json": '{"weight_map":{"w":7}}' },
      "the model has no such file",
    ],
    ["settings that are no JSON", { "modules.json": "[" }, "modules.json: not JSON"],
  ])("%s outside", async (_, files, message) => {
    const { "model.safetensors": __, ...rest } = needed;
    await using world = await hubAndCache({ ...rest, ...files });
    const error = await world.fetch().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(NearfoldError);
    expect(error.message).toContain(message);
  });
});

function manyFiles(): string {
  const entry = { type: "file", size: 1, oid: "0".repeat(40) };
  return JSON.stringify(Array.from({ length: 50_001 }, (_, i) => ({ ...entry, path: `${i}` })));
}

describe("the token", () => {
  test("opens a private model, and goes to the Hub alone", async () => {
    await using world = await hubAndCache(undefined, { token: TOKEN });
    await expect(world.fetch()).rejects.toMatchObject({ code: "forbidden" });
    await expectWhole(await world.fetch({ token: TOKEN }));
    const asked = world.hub.asked.filter(({ url }) => url.includes(WEIGHTS));
    expect(asked.map(({ host, authorization }) => [host, authorization])).toEqual([
      ["hub", `Bearer ${TOKEN}`],
      ["cdn", undefined],
    ]);
  });

  test("does not follow a listing to another host", async () => {
    await using world = await hubAndCache(undefined, { token: TOKEN });
    await using other = await hubAndCache();
    world.hub.faults = { next: `${other.hub.endpoint}/api/models/${ID}/tree/main` };
    await expectWhole(await world.fetch({ token: TOKEN }));
    expect(other.hub.asked.length).toBeGreaterThan(0);
    expect(other.hub.asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});
