/** `nearfold embed`, as typed: every kind of input into every kind of output, rows that are none, and runs that are killed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { storeRows } from "../../test/store-rows.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert } from "../../test/tiny-models.ts";
import { sinks } from "../bulk/index.ts";
import { saveModel } from "../models/index.ts";

const words = "the quick brown fox jumps over a lazy dog and naps in warm sun".split(" ");
const textOf = (i: number) =>
  Array.from({ length: 1 + ((i * 7) % 23) }, (_, w) => words[(i * 5 + w * 3) % words.length]).join(
    " ",
  );
const documents = Array.from({ length: 60 }, (_, i) => ({ id: `d${i}`, text: textOf(i) }));

const main = fileURLToPath(new URL("main.ts", import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("model"), tinyBert());
  await mkdir(at("texts"));
  const table = (between: string) =>
    ["id,text", ...documents.map(({ id, text }) => `${id},${text}`)]
      .join("\n")
      .replaceAll(",", between);
  const columns = [
    { name: "id", data: documents.map(({ id }) => id) },
    { name: "text", data: documents.map(({ text }) => text) },
  ];
  await Promise.all([
    folder.write("docs.jsonl", jsonl(documents)),
    folder.write("docs.csv", table(",")),
    folder.write("docs.tsv", table("\t")),
    folder.write(
      "docs.parquet",
      new Uint8Array(parquetWriteBuffer({ columnData: columns, rowGroupSize: 25 })),
    ),
    folder.write("docs.txt", documents.map(({ text }) => text).join("\n")),
    ...documents.slice(0, 9).map(({ id, text }) => folder.write(`texts/${id}.md`, text)),
    folder.write(
      "some-bad.jsonl",
      [
        '{"id": "a", "text": "one"}',
        "no",
        '{"id": "b", "text": 5}',
        '{"id": "a", "text": "two"}',
      ].join("\n"),
    ),
    folder.write("all-bad.jsonl", '{"a": 1}\n{"a": 2}'),
    folder.write("empty.jsonl", "\n"),
    folder.write("many.txt", Array.from({ length: 6000 }, (_, i) => textOf(i)).join("\n")),
  ]);
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Row {
  readonly id: string;
  readonly vector: readonly number[];
}

const readLines = async (path: string): Promise<Row[]> =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

async function embedded(input: string, out: string, ...more: readonly string[]): Promise<Row[]> {
  const ran = await nearfold(["embed", at("model"), at(input), "--out", at(out), ...more]);
  expect(ran).toMatchObject({ code: 0 });
  return out.endsWith(".jsonl") ? await readLines(at(out)) : [];
}

describe("inputs", () => {
  it.each([["docs.csv"], ["docs.tsv"], ["docs.parquet"]])(
    "%s gives what JSON lines give",
    async (name) => {
      const wanted = await embedded("docs.jsonl", "wanted.jsonl");
      expect(wanted.map(({ id }) => id)).toEqual(documents.map(({ id }) => id));
      expect(await embedded(name, `from-${name}.jsonl`)).toEqual(wanted);
    },
  );

  it("lines of text and a folder of texts have the same vectors, and ids of their own", async () => {
    const wanted = await embedded("docs.jsonl", "wanted.jsonl");
    const lines = await embedded("docs.txt", "lines.jsonl");
    expect(lines.map(({ vector }) => vector)).toEqual(wanted.map(({ vector }) => vector));
    expect(lines[0].id).toBe("1");
    // In other company, so to rounding.
    const files = await embedded("texts", "files.jsonl");
    expect(files.map(({ id }) => id)).toEqual(documents.slice(0, 9).map(({ id }) => `${id}.md`));
    expect(files.flatMap(({ vector }) => vector)).toBeClose(
      wanted.slice(0, 9).flatMap(({ vector }) => vector),
      { atol: 1e-6 },
    );
  });

  it.runIf(process.platform === "linux")("a pipe, which nobody knows the end of", async () => {
    const wanted = await embedded("docs.jsonl", "wanted.jsonl");
    const argv = [main, "embed", at("model"), "/dev/stdin", "--out", at("piped.jsonl")];
    const line = ["cat", at("docs.jsonl"), "|", process.execPath, ...argv].join(" ");
    for (const _ of [1, 2]) {
      const { status, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
      expect(stderr).toContain("encoding: 60/60 texts");
      expect(status).toBe(0);
      expect(await readLines(at("piped.jsonl"))).toEqual(wanted);
    }
  });

  it("takes a text and an id from where it is told to", async () => {
    const path = await folder.write("reviews.csv", `key,body\nr1,"${textOf(3)}"\nr2,b\n`);
    const [first] = await embedded(
      basename(path),
      "reviews.jsonl",
      "--text",
      "body",
      "--id",
      "key",
    );
    expect(first.id).toBe("r1");
    const { code, err } = await nearfold([
      "embed",
      at("model"),
      path,
      "--out",
      at("reviews.jsonl"),
    ]);
    expect(err).toContain('there is no column "text" (got key, body). Name it: --text COLUMN');
    expect(code).toBe(2);
    expect(await readdir(folder.path)).not.toContain("reviews.jsonl.partial");
  });
});

describe("outputs", () => {
  it("hold the same vectors, at the same dimensions, with several sessions too", async () => {
    const wanted = await embedded("docs.jsonl", "w.jsonl", "--dims", "16");
    const vectors = wanted.flatMap(({ vector }) => vector);
    await embedded("docs.jsonl", "v.npy", "--dims", "16", "--workers", "2");
    const bytes = new Uint8Array((await readFile(at("v.npy"))).subarray(128));
    expect([...new Float32Array(bytes.buffer)]).toEqual(vectors);
    const ids = (await readFile(at("v.npy.ids.jsonl"), "utf8")).trimEnd().split("\n");
    expect(ids.map((id) => JSON.parse(id))).toEqual(wanted.map(({ id }) => id));
    await embedded(
      "docs.jsonl",
      "v.parquet",
      "--dims",
      "16",
      "--checkpoint-rows",
      "7",
      "--workers",
      "0",
    );
    const file = await asyncBufferFromFile(at("v.parquet"));
    const rows = (await parquetReadObjects({ file })) as unknown as Row[];
    // Other batches, so to rounding.
    expect(rows.flatMap(({ vector }) => vector)).toBeClose(vectors, { atol: 1e-6 });
    expect(rows.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
  });

  it("an index is searched with the model that filled it, and replaced only when asked", async () => {
    const argv = ["embed", at("model"), at("docs.csv"), "--out", at("index")];
    const made = await nearfold(argv);
    expect(made).toMatchObject({ code: 0 });
    expect(made.out).toContain("Next: nearfold search");
    const found = await nearfold(["search", at("index"), documents[17].text, "-k", "1", "--json"]);
    expect(JSON.parse(found.out).hits[0]).toMatchObject({ text: documents[17].text });
    const kept = await nearfold(["index", at("docs.jsonl"), "--store", at("index"), "--json"]);
    expect(JSON.parse(kept.out)).toMatchObject({ documents: 60, encoded: 0 });
    const again = await nearfold(argv);
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toContain("the folder is there already and is not empty");
    expect(await nearfold([...argv, "--replace"])).toMatchObject({ code: 0 });
    expect(await nearfold(["search", at("index"), "fox", "-k", "1"])).toMatchObject({ code: 0 });
  });

  it("a file of the person's own where the run would be kept stays as it is", async () => {
    await mkdir(at("mine.jsonl.partial"));
    await writeFile(at("mine.jsonl.partial", "thesis.txt"), "mine");
    const { code, err } = await nearfold([
      "embed",
      at("model"),
      at("docs.jsonl"),
      "--out",
      at("mine.jsonl"),
      "--replace",
    ]);
    expect(err).toContain("this one holds something else (got thesis.txt)");
    expect(code).toBe(2);
    expect(await readFile(at("mine.jsonl.partial", "thesis.txt"), "utf8")).toBe("mine");
  });
});

describe("rows that hold no text", () => {
  it("are listed beside the vectors of the others, and the exit code says so", async () => {
    const argv = ["embed", at("model"), at("some-bad.jsonl"), "--out", at("some.parquet")];
    const { code, out, err } = await nearfold(argv);
    expect(code).toBe(3);
    expect(out).toContain("2 texts, 32 dimensions");
    expect(out).toContain("2 rows hold no text and are listed in");
    expect(err).toContain("not every row holds a text (got 2 of 4 that do not, wanted none)");
    const errors = (await readFile(at("some.parquet.errors.jsonl"), "utf8")).trimEnd().split("\n");
    expect(errors.map((line) => JSON.parse(line))).toEqual([
      { row: 2, code: "bad-input", message: expect.stringContaining("some-bad.jsonl:2: not JSON") },
      {
        row: 3,
        code: "bad-input",
        message: expect.stringContaining('"text" is not a text (got 5'),
      },
    ]);
    const skipped = await nearfold([...argv, "--skip-bad", "--json"]);
    expect(skipped.code).toBe(0);
    expect(JSON.parse(skipped.out)).toMatchObject({ texts: 2, skipped: 2 });
    expect(await nearfold([...argv.with(2, at("docs.jsonl"))])).toMatchObject({ code: 0 });
    expect(await readdir(folder.path)).not.toContain("some.parquet.errors.jsonl");
  });

  it("an id that is used twice is one of them in an index", async () => {
    const argv = ["embed", at("model"), at("some-bad.jsonl"), "--out", `${at("some")}/`];
    const { code } = await nearfold([...argv, "--checkpoint-rows", "1"]);
    expect(code).toBe(3);
    const errors = await readFile(at("some.errors.jsonl"), "utf8");
    expect(errors.trimEnd().split("\n").at(-1)).toContain(
      'some-bad.jsonl:4: an id is used twice (got \\"a\\")',
    );
  });

  it("stop a stream to stdout, unless they may be left out", async () => {
    const argv = ["embed", at("model"), at("some-bad.jsonl")];
    const stopped = await nearfold(argv);
    expect(stopped).toMatchObject({ code: 2, out: "" });
    expect(stopped.err).toContain("some-bad.jsonl:2: not JSON");
    const { code, out, err } = await nearfold([...argv, "--skip-bad"]);
    expect(code).toBe(0);
    expect(err).toContain("2 rows were left out");
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["a", "a"]);
  });

  it.each([
    ["all-bad.jsonl", "no row is usable (got 2 bad rows, wanted at least one text)"],
    ["empty.jsonl", "the input is empty (wanted at least one row)"],
  ])("%s is a mistake, and leaves nothing", async (name, message) => {
    const { code, err } = await nearfold(["embed", at("model"), at(name), "--out", at("none.npy")]);
    expect(err).toContain(message);
    expect(code).toBe(2);
    const left = (await readdir(folder.path)).filter((found) => found.startsWith("none.npy"));
    expect(left).toEqual(name === "all-bad.jsonl" ? ["none.npy.errors.jsonl"] : []);
  });
});

/** Every file of an output, by its name; of an index, whose files have names by chance, every row. */
async function contentsOf(out: string): Promise<Record<string, string>> {
  if (!out.includes(".")) return await storeRows(at(out));
  const names = (await readdir(folder.path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => path.startsWith(at(out)));
  const pairs = names.map(
    async (path) => [path.slice(at(out).length), await readFile(path, "base64")] as const,
  );
  return Object.fromEntries(await Promise.all(pairs));
}

/** Starts a run as a process and kills it once so many rows are recorded as done; gives the rows that were. */
async function killAfter(rows: number, argv: readonly string[], partial: string): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [main, ...argv], { stdio: "ignore" });
  const ended = once(child, "close");
  const recorded = async () => {
    const text = await readFile(join(partial, "checkpoint.json"), "utf8").catch(() => "{}");
    return (JSON.parse(text).counts?.read ?? -1) as number;
  };
  while (child.exitCode === null && (await recorded()) < rows) await setTimeout(1);
  child.kill("SIGKILL");
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  return await recorded();
}

describe.each(Object.keys(sinks))("killed, an output of the kind %j", (extension) => {
  const name = `whole-${extension.slice(1) || "index"}${extension}`;
  const other = name.replace("whole", "killed");
  const argv = (out: string, ...more: readonly string[]) => {
    return [
      "embed",
      at("model"),
      at("many.txt"),
      "--out",
      at(out),
      "--checkpoint-rows",
      extension === "" ? "250" : "50",
      "--workers",
      "0",
      ...more,
    ];
  };

  it("goes on where it was, to the same contents", async () => {
    expect(await nearfold(argv(name))).toMatchObject({ code: 0 });
    const wanted = await contentsOf(name);
    for (const rows of [0, 400, 1500]) {
      const done = await killAfter(rows, argv(other), at(`${other}.partial`));
      expect(done).toBeLessThan(6000);
      expect(await readdir(folder.path)).not.toContain(other);
    }
    const { code, out, err } = await nearfold(argv(other, "--json"));
    expect(code).toBe(0);
    requireGoodGuesses(err, 1500);
    const { texts, resumed } = JSON.parse(out);
    expect(texts).toBe(6000);
    expect(resumed).toBeGreaterThanOrEqual(1500);
    // A lock that a store's writer had when it was killed has gone with it.
    expect(await contentsOf(other)).toEqual(wanted);
  });
});

describe("stopped", () => {
  const argv = (...more: readonly string[]) => {
    return [
      "embed",
      at("model"),
      at("many.txt"),
      "--out",
      at("stopped.npy"),
      "--checkpoint-rows",
      "50",
      "--workers",
      "0",
      ...more,
    ];
  };

  it("says so, and another run does not go on with it", async () => {
    const stopped = await nearfold(argv("--json"), { stopAt: '"done":' });
    expect(stopped.code).toBe(130);
    await killAfter(100, argv(), at("stopped.npy.partial"));
    const another = await nearfold(argv("--dims", "16"));
    expect(another.code).toBe(2);
    expect(another.err).toContain(
      "another run was stopped here: its dims differs (got 16, wanted 32)",
    );
    await utimes(at("many.txt"), new Date(0), new Date(0));
    const changed = await nearfold(argv());
    expect(changed.code).toBe(2);
    expect(changed.err).toContain("its input differs");
    const anew = await nearfold(argv("--replace", "--json"));
    expect(anew.code).toBe(0);
    expect(JSON.parse(anew.out)).toMatchObject({ texts: 6000, resumed: 0 });
  });
});

/** @throws unless the progress of a run, as JSON lines, knew roughly how much there was, and ended at all of it */
function requireGoodGuesses(err: string, from: number): void {
  const events = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const progress = events.filter(({ task }) => task === "encoding");
  const last = { done: 6000, total: 6000, secondsLeft: 0, unit: "texts" };
  expect(progress.at(-1)).toMatchObject(last);
  for (const { done, total } of progress) {
    expect(done).toBeLessThanOrEqual(total);
    expect(done).toBeGreaterThanOrEqual(from);
    // From the share of the file that was read.
    expect(Math.abs(total - 6000)).toBeLessThan(300);
  }
}

it("progress says how much is left, and ends at all of it", async () => {
  const argv = ["embed", at("model"), at("many.txt"), "--out", at("p.npy"), "--json"];
  const { err } = await nearfold(argv);
  requireGoodGuesses(err, 0);
});
