/** Commands that are killed at random moments, over and over, and what has to be true after each kill. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Encoder, openEncoder } from "../src/encoder/index.ts";
import { sequence } from "../src/graph/rng.ts";
import { saveModel } from "../src/models/index.ts";
import { openStore } from "../src/stores/index.ts";
import { jsonl, nearfold } from "./nearfold.ts";
import { tinyBert, tinyStatic } from "./tiny-models.ts";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

export interface SoakOptions {
  /** Empty: everything lies in it. */
  readonly folder: string;
  readonly kills: number;
  readonly documents: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface Soaked {
  /** Runs that were killed before their end. */
  readonly kills: number;
  /** Runs that came to their end. */
  readonly finished: number;
}

const words = "the quick brown fox jumps over a lazy dog and naps in warm sun by old river".split(
  " ",
);

/** A corpus that changes, two models, and what each makes of a text. */
class World implements AsyncDisposable {
  readonly corpus = new Map<string, string>();
  readonly index: string;
  readonly models: readonly string[];
  readonly next: () => number;
  readonly #folder: string;
  readonly #encoders: readonly Encoder[];
  readonly #vectors = new Map<string, Float32Array>();
  #made = 0;

  private constructor(folder: string, seed: number, encoders: readonly Encoder[]) {
    this.#folder = folder;
    this.index = join(folder, "index");
    this.models = ["old", "new"].map((name) => join(folder, name));
    this.next = sequence(seed);
    this.#encoders = encoders;
  }

  static async open({ folder, seed, documents }: SoakOptions): Promise<World> {
    await saveModel(join(folder, "old"), tinyStatic());
    await saveModel(join(folder, "new"), tinyBert());
    const encoders = [
      await openEncoder(join(folder, "old")),
      await openEncoder(join(folder, "new")),
    ];
    const world = new World(folder, seed, encoders);
    for (let i = 0; i < documents; i++) world.corpus.set(`d${i}`, world.#text());
    return world;
  }

  get file(): string {
    return join(this.#folder, "corpus.jsonl");
  }

  async save(): Promise<void> {
    await writeFile(this.file, jsonl([...this.corpus].map(([id, text]) => ({ id, text }))));
  }

  /** Some documents are changed, some go, as many come. */
  change(): void {
    const ids = [...this.corpus.keys()];
    for (let i = 0; i < ids.length / 20; i++) {
      this.corpus.set(ids[Math.floor(this.next() * ids.length)], this.#text());
      this.corpus.delete(ids[Math.floor(this.next() * ids.length)]);
      this.corpus.set(`n${this.#made}`, this.#text());
    }
  }

  /** What a model of that space makes of a text. */
  async vectorOf(space: string, text: string): Promise<Float32Array> {
    const key = `${space} ${text}`;
    const known = this.#vectors.get(key);
    if (known) return known;
    const encoder = this.#encoders.find(({ space: { id } }) => id === space);
    if (!encoder) throw new Error(`an index of a space that nobody made: ${space}`);
    const { vectors } = await encoder.encode([text], { role: "document" });
    const length = Math.hypot(...vectors) || 1;
    this.#vectors.set(
      key,
      vectors.map((x) => x / length),
    );
    return await this.vectorOf(space, text);
  }

  /** Of the index as it is asked: whose it is. */
  async spaceThere(): Promise<number> {
    await using store = await openStore(this.index, { access: "read" });
    return this.#encoders.findIndex(({ space: { id } }) => id === store.space.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const encoder of this.#encoders) await encoder[Symbol.asyncDispose]();
  }

  #text(): string {
    const length = 3 + Math.floor(this.next() * 8);
    const some = Array.from({ length }, () => words[Math.floor(this.next() * words.length)]);
    return `${some.join(" ")} ${this.#made++ % 50}`;
  }
}

/** Rows of an index, each checked: once, with a text that the corpus has or had, and the vector of that text. @throws for any other */
async function check(
  world: World,
  reference: string,
  known: ReadonlyMap<string, ReadonlySet<string>>,
) {
  await using store = await openStore(reference, { access: "read" });
  const found = new Map<string, string>();
  for await (const { id, payload, vector } of store.rows({ vectors: true })) {
    const text = payload?.text as string;
    if (found.has(id)) throw new Error(`${id} is there twice`);
    if (!known.get(id)?.has(text)) throw new Error(`${id} has a text of no one: ${text}`);
    const wanted = await world.vectorOf(store.space.id, text);
    const off = wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - vector![i])), 0);
    if (!(off < 1e-4)) throw new Error(`the vector of ${id} is off by ${off}`);
    found.set(id, text);
  }
  if (found.size !== (await store.count())) throw new Error("the count is another");
  return found;
}

function same(found: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): void {
  for (const [id, text] of wanted) {
    if (found.get(id) !== text) throw new Error(`${id} is lost or old: ${found.get(id)}`);
  }
  if (found.size !== wanted.size) throw new Error(`${found.size} rows, wanted ${wanted.size}`);
}

/** Every text that each id ever had. */
class History extends Map<string, Set<string>> {
  note(corpus: ReadonlyMap<string, string>): void {
    for (const [id, text] of corpus) this.set(id, (this.get(id) ?? new Set()).add(text));
  }
}

/** Runs a command as a process; kills it then unless it has ended. @returns whether it was killed */
async function killAt(argv: readonly string[], afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [main, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (part) => {
    said += part;
  });
  const ended = once(child, "close");
  const over = new AbortController();
  const timer = setTimeout(afterMs, undefined, { signal: over.signal }).then(
    () => child.kill("SIGKILL"),
    () => false,
  );
  const [code, signal] = await ended;
  over.abort();
  await timer;
  if (signal === "SIGKILL") return true;
  if (code !== 0) throw new Error(`nearfold ${argv.join(" ")} ended with ${code}: ${said}`);
  return false;
}

/** How long a command takes that nobody kills. */
async function timed(argv: readonly string[]): Promise<number> {
  const began = performance.now();
  await killAt(argv, 600_000);
  return performance.now() - began;
}

/** Kills `nearfold index` over and over: after each kill what is there is right, and what was there is not lost. */
export async function soakIndexing(options: SoakOptions): Promise<Soaked> {
  const { kills: wanted, log = () => {} } = options;
  await using world = await World.open(options);
  const known = new History();
  const { index, models, file } = world;
  const argv = ["index", file, "--model", models[0], "--store", index, "--prune"];
  const renew = async () => {
    world.change();
    known.note(world.corpus);
    await world.save();
  };
  await renew();
  const whole = await timed(argv);
  same(await check(world, index, known), world.corpus);
  let before: ReadonlyMap<string, string> = new Map(world.corpus);
  let [kills, finished] = [0, 0];
  await renew();
  while (kills < wanted) {
    const killed = await killAt(argv, 1.1 * whole * world.next());
    const found = await check(world, index, known);
    for (const id of before.keys()) {
      if (world.corpus.has(id) && !found.has(id)) throw new Error(`${id} is lost`);
    }
    if (killed) kills++;
    else {
      finished++;
      same(found, world.corpus);
      before = new Map(world.corpus);
      await renew();
    }
    log(`indexing: ${kills} kills, ${finished} runs to their end`);
  }
  await timed(argv);
  same(await check(world, index, known), world.corpus);
  return { kills, finished };
}

/**
 * Kills `nearfold migrate` over and over, from one model to the other and back, documents changing meanwhile: after each kill the index answers, as it did
 * before or from the new vectors, and is whole.
 */
export async function soakMigration(options: SoakOptions): Promise<Soaked> {
  const { kills: wanted, log = () => {} } = options;
  await using world = await World.open(options);
  const known = new History();
  const { index, models, file } = world;
  const fill = async () => {
    known.note(world.corpus);
    await world.save();
    const { code, err } = await nearfold([
      "index",
      file,
      "--store",
      index,
      "--prune",
      "--model",
      models[Math.max(0, at)],
    ]);
    if (code !== 0) throw new Error(err);
  };
  let at = 0;
  await fill();
  const migrating = (to: number) => ["migrate", index, "--to", models[to], "--cut-over", "--force"];
  const whole = await timed(migrating(1));
  let [kills, finished] = [0, 1];
  at = await world.spaceThere();
  while (kills < wanted) {
    // What is asked has every document, whatever was killed.
    const to = 1 - at;
    const killed = await killAt(migrating(to), 1.1 * whole * world.next());
    same(await check(world, index, known), world.corpus);
    at = await world.spaceThere();
    if (killed) kills++;
    else if (at !== to) throw new Error("it ended, and was not cut over");
    else finished++;
    if (at === to && (await killAt(["migrate", index, "--drop-old"], whole * world.next())))
      kills++;
    same(await check(world, index, known), world.corpus);
    if (world.next() < 0.3) {
      world.change();
      await fill();
    }
    log(`migration: ${kills} kills, ${finished} runs to their end`);
  }
  if (at === 0) await timed(migrating(1));
  same(await check(world, index, known), world.corpus);
  return { kills, finished };
}
