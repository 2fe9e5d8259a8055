/** `nearfold migrate`, `compare` and `alias`, as typed. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { saveModel } from "../models/index.ts";
import { openStore } from "../stores/index.ts";

const words = "the quick brown fox jumps over lazy dog vectors of one space may be compared".split(
  " ",
);
const textOf = (i: number) => {
  const some = Array.from(
    { length: 6 + (i % 5) },
    (_, j) => words[(i * 7 + j * (1 + (i % 3))) % 15],
  );
  return `${some.join(" ")}. And ${words[i % 15]} ${words[(i * 5) % 15]} with the ${i}.`;
};
const documents = Array.from({ length: 60 }, (_, i) => ({
  id: `d${i}`,
  text: textOf(i),
  lang: i % 2 ? "en" : "de",
}));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const typed = (...argv: readonly string[]) => nearfold(argv);
const migrating = (...more: readonly string[]) =>
  typed("migrate", at("index"), "--to", at("new"), ...more);

async function rowsOf(reference: string) {
  await using store = await openStore(reference, { access: "read" });
  const rows = (await store.list({ limit: 1000 })).map(({ id, payload }) => [id, payload] as const);
  return { dims: store.space.dims, rows: Object.fromEntries(rows) };
}

const asRows = (rows: readonly { readonly id: string }[]) =>
  Object.fromEntries(rows.map(({ id, ...payload }) => [id, payload]));

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("old"), tinyStatic());
  await saveModel(at("new"), tinyBert());
  await folder.write("docs.jsonl", jsonl(documents));
  await folder.write("log.txt", "lazy dog\nquick fox\nvectors of a space\n");
});

afterAll(() => folder[Symbol.asyncDispose]());

beforeEach(async () => {
  await rm(at("index"), { recursive: true, force: true });
  await typed("index", at("docs.jsonl"), "--model", at("old"), "--store", at("index"));
});

describe("migrate", () => {
  it("says what it would take, and changes nothing", async () => {
    const before = await readdir(at("index"));
    const { code, out, err } = await migrating("--dry-run", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ estimate: { texts: 60, bytes: 60 * 32 * 4 }, done: 0 });
    expect(err).toContain("new has 60 documents to embed: about");
    expect(await readdir(at("index"))).toEqual(before);
  });

  it("leads from the old model to the new and back, and drops what is not asked", async () => {
    expect(await migrating("--queries", at("log.txt"))).toMatchObject({ code: 0 });
    expect((await rowsOf(at("index"))).dims).toBe(48);
    const there = await migrating("--cut-over", "--force", "--json");
    expect(there.code).toBe(0);
    expect(JSON.parse(there.out)).toMatchObject({ documents: 60, encoded: 0, switched: true });
    expect(await rowsOf(at("index"))).toEqual({ dims: 32, rows: asRows(documents) });
    expect(await typed("search", at("index"), "lazy dog", "-k", "1")).toMatchObject({ code: 0 });
    expect(await typed("migrate", at("index"), "--roll-back")).toMatchObject({ code: 0 });
    expect((await rowsOf(at("index"))).dims).toBe(48);
    await typed("migrate", at("index"), "--roll-back");
    const dropped = await typed("migrate", at("index"), "--drop-old");
    expect(dropped.out).toContain("removed .");
    expect((await readdir(at("index"))).sort()).toEqual(["alias.json", "generations"]);
    expect(await rowsOf(at("index"))).toEqual({ dims: 32, rows: asRows(documents) });
    const again = await typed("migrate", at("index"), "--drop-old");
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining("no old generation") });
  });

  it("takes in what changed in the old index since", async () => {
    await migrating();
    const changed = [...documents.slice(2), { id: "d1", text: "another text", lang: "en" }];
    await folder.write("changed.jsonl", jsonl(changed));
    await typed("index", at("changed.jsonl"), "--store", at("index"), "--prune");
    const { out } = await migrating("--cut-over", "--force", "--json");
    expect(JSON.parse(out)).toMatchObject({ encoded: 1, removed: 1 });
    expect((await rowsOf(at("index"))).rows).toEqual(asRows(changed));
  });

  it("stopped, it goes on where it was", async () => {
    const stopped = await nearfold(["migrate", at("index"), "--to", at("new")], {
      stopAt: "asking the old vectors",
    });
    expect(stopped.code).toBe(130);
    const { out } = await migrating("--json");
    expect(JSON.parse(out)).toMatchObject({ encoded: 0, documents: 60 });
  });

  it("fits an adapter, by which the new model asks the old vectors", async () => {
    const refused = await typed("search", at("index"), "lazy dog", "--model", at("new"));
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("of another space") });
    const { code, out } = await migrating("--adapter", "--json");
    expect(code).toBe(0);
    const { adapter } = JSON.parse(out);
    expect(adapter.recall).toBeGreaterThan(adapter.own);
    const asked = await typed("search", at("index"), "lazy dog", "--model", at("new"));
    expect(asked.code).toBe(0);
    expect(asked.err).toContain("new asks the index of old by an adapter");
  });

  it("is not cut over where too little is the same, unless it has to be", async () => {
    const refused = await migrating("--cut-over", "--min-overlap", "1");
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.err).toContain("the index is not cut over (got only");
    expect((await rowsOf(at("index"))).dims).toBe(48);
    const forced = await migrating("--cut-over", "--min-overlap", "1", "--force");
    expect(forced).toMatchObject({ code: 0 });
  });

  it("keeps the format of the vectors", async () => {
    const index = at("coded");
    await typed(
      "index",
      at("docs.jsonl"),
      "--model",
      at("old"),
      "--store",
      index,
      "--vectors",
      "int8",
    );
    const ran = await typed("migrate", index, "--to", at("new"), "--cut-over", "--force");
    expect(ran).toMatchObject({ code: 0 });
    await using store = await openStore(index, { access: "read" });
    expect(store.kept.search.format).toEqual({ type: "int8", dims: 32 });
  });

  it("takes turns with a writer: no cut-over while one is at work", async () => {
    await migrating();
    {
      await using _writer = await openStore(at("index"));
      const refused = await migrating("--cut-over", "--force");
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("else is writing") });
    }
    expect((await rowsOf(at("index"))).dims).toBe(48);
    expect(await migrating("--cut-over", "--force")).toMatchObject({ code: 0 });
  });

  it("is given up, with what it made", async () => {
    await migrating();
    const other = await typed("migrate", at("index"), "--to", at("new"), "--dims", "16");
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining("is under way") });
    expect(await typed("migrate", at("index"), "--cancel")).toMatchObject({ code: 0 });
    expect(await readdir(at("index", "generations"))).toEqual([]);
    const more = await typed("migrate", at("index"), "--to", at("new"), "--dims", "16");
    expect(more).toMatchObject({ code: 0 });
  });

  it.each([
    ["the model it has", ["--to", "old"], "the index has this model already"],
    ["nothing to do", [], "one thing at a time"],
    ["two things", ["--roll-back", "--drop-old"], "one thing at a time"],
    ["nothing to go back to", ["--roll-back"], "nothing to go back to"],
    ["nothing to give up", ["--cancel"], "no migration is under way"],
    ["nothing old", ["--drop-old"], "no old generation"],
    [
      "judgements without queries",
      ["--to", "new", "--qrels", "q.tsv"],
      "judgements are of queries",
    ],
    ["a log that is not there", ["--to", "new", "--queries", "no.txt"], "there is no such file"],
  ])("refuses %s", async (_, argv, message) => {
    const inFolder = argv.map((word) =>
      ["old", "new", "no.txt"].includes(word) ? at(word) : word,
    );
    const { code, err } = await typed("migrate", at("index"), ...inFolder);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("refuses rows without a text, and a server's index that has no name", async () => {
    {
      await using store = await openStore(at("index"));
      await store.upsert(["bare"], new Float32Array(48).fill(1));
    }
    expect((await migrating()).err).toContain('holds no text to embed again (got id "bare"');
    const { err } = await typed("migrate", "postgres://h/d?index=a", "--to", at("new"));
    expect(err).toContain("only what has a folder can be led elsewhere");
  });

  it("finds a damaged record in one clear error", async () => {
    await writeFile(at("index", "migration.json"), "{");
    expect(await migrating()).toMatchObject({ code: 2, err: expect.stringContaining("not JSON") });
  });
});

describe("alias", () => {
  it("leads to an index, shows where, and back", async () => {
    await typed("index", at("docs.jsonl"), "--model", at("new"), "--store", at("second"));
    const made = await typed("alias", at("live"), "--to", at("index"));
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining("leads to ../index") });
    await typed("alias", at("live"), "--to", at("second"));
    expect((await rowsOf(at("live"))).dims).toBe(32);
    expect(await typed("search", at("live"), "lazy dog")).toMatchObject({ code: 0 });
    const back = await typed("alias", at("live"), "--back", "--json");
    expect(JSON.parse(back.out)).toMatchObject({ target: "../index", previous: "../second" });
    expect(JSON.parse(await readFile(at("live", "alias.json"), "utf8"))).toEqual({
      ...{ format: "nearfold-alias", formatVersion: 1 },
      ...{ target: "../index", previous: "../second" },
    });
  });

  it("is migrated like an index: the new vectors lie in its own folder", async () => {
    await typed("alias", at("name"), "--to", at("index"));
    const ran = await typed("migrate", at("name"), "--to", at("new"), "--cut-over", "--force");
    expect(ran).toMatchObject({ code: 0 });
    expect((await rowsOf(at("name"))).dims).toBe(32);
    expect((await rowsOf(at("index"))).dims).toBe(48);
    const dropped = await typed("migrate", at("name"), "--drop-old");
    expect(dropped.out).toContain("../index lies elsewhere and is left there");
    expect((await rowsOf(at("index"))).dims).toBe(48);
  });

  it.each([
    ["no alias", ["alias", "index"], "there is no alias here"],
    ["no index to lead to", ["alias", "x", "--to", "old"], "there is no index here"],
    ["a URL for a name", ["alias", "postgres://h/d"], "an alias is a folder"],
  ])("refuses %s", async (_, argv, message) => {
    const words = argv.map((word) => (["index", "old", "x"].includes(word) ? at(word) : word));
    const { code, err } = await nearfold(words);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("compare", () => {
  beforeEach(async () => {
    await typed("index", at("docs.jsonl"), "--model", at("new"), "--store", at("second"));
  });

  it("finds an index equal to itself, and two models apart", async () => {
    const same = await typed("compare", at("index"), at("index"), at("log.txt"), "--json");
    expect(JSON.parse(same.out)).toMatchObject({ queries: 3, overlap: { mean: 1 }, sameFirst: 3 });
    const apart = await typed("compare", at("index"), at("second"), at("log.txt"));
    expect(apart.code).toBe(0);
    expect(apart.out).toContain("3 queries: 0.");
    expect(apart.out).toContain("They differ most on:");
  });

  it("scores both where it is told what is right", async () => {
    await folder.write("q.jsonl", jsonl([{ id: "q1", text: "lazy dog" }]));
    await folder.write("qrels.tsv", "q1\td3\t1\n");
    const argv = ["compare", at("index"), at("second"), at("q.jsonl")];
    const { code, out } = await nearfold([...argv, "--qrels", at("qrels.tsv"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out).judged).toMatchObject({ queries: 1 });
  });

  it("refuses a log without a query", async () => {
    await folder.write("none.jsonl", jsonl([{ id: "q1", text: " " }]));
    const { code, err } = await typed("compare", at("index"), at("second"), at("none.jsonl"));
    expect(code).toBe(2);
    expect(err).toContain("there is no query");
  });
});
