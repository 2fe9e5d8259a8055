/** What a broken connection, a killed process and a second one leave in the cache. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { FetchProgress, HubOptions } from "../../src/hub/index.ts";
import { expectWhole, hubAndCache, ID, weights } from "./models.ts";
import type { Faults } from "./stand-in.ts";

type World = Awaited<ReturnType<typeof hubAndCache>>;

const WEIGHTS = "model.safetensors";

/** A process of its own that fetches the model and prints its folder. */
function fetchElsewhere({ cache, hub }: World) {
  const hubUrl = new URL("../../src/hub/index.ts", import.meta.url).href;
  const program = [
    `import { fetchModel } from ${JSON.stringify(hubUrl)};`,
    `const options = ${JSON.stringify({ cache, endpoint: hub.endpoint })};`,
    `process.stdout.write(await fetchModel(${JSON.stringify(ID)}, options));`,
  ].join("\n");
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  return { child, folder: text(child.stdout) };
}

/** The parts that lie in a cache, with their paths. */
async function partsIn(cache: string): Promise<readonly string[]> {
  const paths = await readdir(cache, { recursive: true });
  return paths.filter((path) => path.endsWith(".part")).map((path) => join(cache, path));
}

/** Every connection that brings the weights breaks after so many bytes, when they have arrived. */
function breaking({ hub }: World, bytes: number): Partial<HubOptions> {
  hub.faults = { ...hub.faults, stall: { [WEIGHTS]: bytes } };
  const onProgress = ({ file, bytes: all, totalBytes }: FetchProgress) => {
    // The largest file is the last one.
    const there = weights.length - (totalBytes - all);
    if (file === WEIGHTS && there > 0 && there % bytes === 0) hub.drop();
  };
  return { onProgress };
}

/** Ends a fetch with 120,000 bytes of the weights in the cache. */
async function stopInTheMiddle(world: World) {
  world.hub.faults = { ignoreRange: true };
  const error = await world.fetch(breaking(world, 120_000)).catch((thrown) => thrown);
  world.hub.faults = {};
  return error;
}

describe("a connection that is cut", () => {
  test("is followed by others, each of which brings the rest only", async () => {
    await using world = await hubAndCache();
    await expectWhole(await world.fetch(breaking(world, 70_000)));
    expect(world.hub.sentOf(WEIGHTS)).toBe(weights.length);
    const asked = world.hub.asked.filter(
      ({ host, url }) => host === "cdn" && url.includes(WEIGHTS),
    );
    const ranges = asked.map(({ range }) => range);
    expect(new Set(asked.map(({ accepts }) => accepts))).toEqual(new Set(["identity"]));
    expect(ranges).toEqual([undefined, "bytes=70000-", "bytes=140000-"]);
  });

  test("and brings nothing more, says what is kept; the next call fetches the rest", async () => {
    await using world = await hubAndCache();
    const error = await stopInTheMiddle(world);
    expect(error).toMatchObject({ code: "io" });
    expect(error.message).toBe(
      `${ID}/${WEIGHTS}: the download was interrupted (got 120000 of 200000 bytes). What has arrived is kept: the same again goes on from there`,
    );
    await expect(world.fetch({ offline: true })).rejects.toMatchObject({ code: "not-found" });
    const [sent, asked] = [world.hub.sentOf(WEIGHTS), world.hub.asked.length];
    await expectWhole(await world.fetch());
    expect(world.hub.sentOf(WEIGHTS) - sent).toBe(80_000);
    const again = world.hub.asked.slice(asked).filter(({ url }) => url.includes("/resolve/"));
    expect(again.every(({ url }) => url.includes(WEIGHTS))).toBe(true);
    expect(await partsIn(world.cache)).toEqual([]);
  });

  test("by a Hub that knows no ranges begins anew", async () => {
    await using world = await hubAndCache();
    await stopInTheMiddle(world);
    world.hub.faults = { ignoreRange: true };
    await expectWhole(await world.fetch());
  });

  test("in the middle of the listing is an error of the Hub's, not of a file's", async () => {
    await using world = await hubAndCache();
    world.hub.faults = { answer: { url: "/tree/", body: '[{"type":"file"' } };
    await expect(world.fetch()).rejects.toMatchObject({ code: "bad-input" });
  });
});

describe("a part that is not what it was", () => {
  test.each([
    ["other bytes", (part: string) => writeFile(part, Buffer.alloc(120_000, 7))],
    ["more than the file has", (part: string) => appendFile(part, Buffer.alloc(200_000))],
    ["all of its size, and other bytes", (part: string) => writeFile(part, Buffer.alloc(200_000))],
    ["nothing", (part: string) => truncate(part, 0)],
  ])("%s: all of it is fetched again", async (_, damage) => {
    await using world = await hubAndCache();
    await stopInTheMiddle(world);
    const [part, ...others] = await partsIn(world.cache);
    expect(others).toEqual([]);
    await damage(part!);
    await expectWhole(await world.fetch());
  });

  test("nor is a file of an unfinished snapshot taken on trust", async () => {
    await using world = await hubAndCache();
    await stopInTheMiddle(world);
    const found = await readdir(world.cache, { recursive: true });
    const config = found.find((path) => path.endsWith("tiny-model/config.json"))!;
    await writeFile(join(world.cache, config), '{"model_type":"xxxx"}');
    await expectWhole(await world.fetch());
  });
});

describe("a process that is killed", () => {
  test("leaves nothing that is read, and what the next one goes on with", async () => {
    await using world = await hubAndCache();
    world.hub.faults = { stall: { [WEIGHTS]: 90_000 } };
    const { child } = fetchElsewhere(world);
    while ((await sizeOfPart(world)) < 90_000) await new Promise((done) => setTimeout(done, 10));
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect(world.fetch({ offline: true })).rejects.toMatchObject({ code: "not-found" });
    world.hub.faults = {};
    const sent = world.hub.sentOf(WEIGHTS);
    await expectWhole(await world.fetch());
    expect(world.hub.sentOf(WEIGHTS) - sent).toBe(weights.length - 90_000);
  });

  async function sizeOfPart({ cache }: World): Promise<number> {
    const [part] = await partsIn(cache).catch(() => []);
    if (part === undefined) return 0;
    return (await stat(part).catch(() => undefined))?.size ?? 0;
  }
});

describe("two at once", () => {
  test("of one process: one fetches, the other waits for it", async () => {
    await using world = await hubAndCache();
    const locks: string[] = [];
    const onWait = (lock: string) => {
      locks.push(lock);
    };
    const folders = await Promise.all([1, 2, 3].map(() => world.fetch({ onWait })));
    expect(new Set(folders).size).toBe(1);
    await expectWhole(folders[0]!);
    expect(world.hub.sentOf(WEIGHTS)).toBe(weights.length);
    const lock = join(folders[0]!, "..", "lock");
    expect(locks).toEqual([lock, lock]);
  });

  test("of two processes", async () => {
    await using world = await hubAndCache();
    const runs = [fetchElsewhere(world), fetchElsewhere(world)];
    const folders = await Promise.all(runs.map(({ folder }) => folder));
    expect(folders[1]).toBe(folders[0]);
    await expectWhole(folders[0]!);
    expect(world.hub.sentOf(WEIGHTS)).toBe(weights.length);
  });
});

describe("a signal", () => {
  test.each<[string, Faults]>([
    ["stops a download", { stall: { [WEIGHTS]: 90_000 } }],
    ["stops before the first request", {}],
  ])("%s", async (_, faults) => {
    await using world = await hubAndCache();
    world.hub.faults = faults;
    const stop = new AbortController();
    if (!faults.stall) stop.abort();
    const onProgress = ({ file, bytes }: { file: string; bytes: number }) => {
      if (file === WEIGHTS && bytes > 90_000) stop.abort();
    };
    const error = await world.fetch({ signal: stop.signal, onProgress }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "aborted" });
    expect(error.message).toContain("the download was stopped");
    world.hub.faults = {};
    await expectWhole(await world.fetch());
  });

  test("stops the waiting for another", async () => {
    await using world = await hubAndCache();
    world.hub.faults = { stall: { [WEIGHTS]: 90_000 } };
    const stops = [new AbortController(), new AbortController()] as const;
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const holding = world.fetch({ signal: stops[0].signal, onProgress: () => begin() });
    const held = holding.catch((thrown) => thrown);
    await begun;
    const waiting = world.fetch({ signal: stops[1].signal, onWait: () => stops[1].abort() });
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    stops[0].abort();
    expect(await held).toMatchObject({ code: "aborted" });
  });
});
