/** `nearfold recommend`, as typed. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyStatic } from "../../test/tiny-models.ts";
import { saveModel } from "../models/index.ts";

/** Two kinds of things, each bought one after the other by its own people; nobody has bought the last of a kind. */
const kinds = ["red cat", "blue house"];
const items = kinds.flatMap((kind, k) =>
  Array.from({ length: 8 }, (_, i) => ({
    id: `${k}-${i}`,
    text: `the ${kind}`,
    kind: k,
    price: i,
  })),
);
const rows = Array.from({ length: 40 }, (_, user) =>
  Array.from({ length: 5 }, (_, step) =>
    [`u${user}`, `${user % 2}-${(step + (user % 3)) % 7}`, step, 1 + ((user + step) % 5)].join(","),
  ),
).flat();
const csv = ["user,item,time,rating", ...rows].join("\n");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const recommend = (...argv: readonly string[]) => nearfold(["recommend", ...argv]);

interface Answer {
  readonly items: readonly {
    readonly id: string;
    readonly score: number;
    readonly kind?: number;
  }[];
}

async function ask(...argv: readonly string[]): Promise<Answer["items"]> {
  const { code, out, err } = await recommend(...argv, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return (JSON.parse(out) as Answer).items;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("model"), tinyStatic());
  await folder.write("bought.csv", csv);
  await folder.write("bad.csv", `${csv}\nu0,0-1,yesterday,1`);
  await folder.write("items.jsonl", jsonl(items));
  const made = await recommend(
    ...[at("rec"), "--fit", at("bought.csv"), "--items", at("items.jsonl"), "--model", at("model")],
    ...["--epochs", "30", "--dims", "16", "--json", "--check"],
  );
  expect(made.err).not.toContain("error");
  expect(made.code).toBe(0);
  expect(JSON.parse(made.out)).toMatchObject({
    ...{ origin: "both", users: 40, items: 16, unchosen: 2, dims: 16, choices: 200 },
    checked: [{ name: "two towers" }, { name: "item-kNN" }, { name: "popularity" }],
  });
}, 60_000);
afterAll(() => folder[Symbol.asyncDispose]());

describe("a recommender of interactions and texts", () => {
  it("gives somebody what their kind buys, and nothing that they have", async () => {
    const hits = await ask(at("rec"), "--user", "u0", "-k", "3");
    expect(hits).toHaveLength(3);
    expect(hits.map(({ kind }) => kind)).toEqual([0, 0, 0]);
    const own = rows.filter((row) => row.startsWith("u0,")).map((row) => row.split(",")[1]);
    expect(hits.filter(({ id }) => own.includes(id))).toEqual([]);
    expect(hits.map(({ score }) => score)).toEqual(
      hits.map(({ score }) => score).sort((a, b) => b - a),
    );
  });

  it("gives what they have too where that is asked for", async () => {
    const hits = await ask(at("rec"), "--user", "u0", "-k", "16", "--seen");
    expect(hits).toHaveLength(16);
    expect(await ask(at("rec"), "--user", "u0", "-k", "16")).toHaveLength(11);
  });

  it("knows anybody by what they chose, and places by its text what nobody bought", async () => {
    const hits = await ask(at("rec"), "--liked", "1-0,1-1,1-2,1-3,1-4,1-5,1-6", "-k", "1");
    expect(hits.map(({ id }) => id)).toEqual(["1-7"]);
  });

  it("keeps to a condition, with diversity and without", async () => {
    for (const diversity of ["0", "0.5"]) {
      const hits = await ask(
        at("rec"),
        "--like",
        "0-1",
        "-k",
        "4",
        "--where",
        "kind = 1 and price >= 2",
        "--diversity",
        diversity,
      );
      expect(hits).toHaveLength(4);
      expect(hits.filter(({ kind }) => kind !== 1)).toEqual([]);
    }
  });

  it("answers people with a table", async () => {
    const { out } = await recommend(at("rec"), "--user", "u0", "-k", "2");
    expect(out).toMatch(/^ 1 {2}-?\d+\.\d{4} {2}0-\d {2}the red cat\n 2 /);
  });
});

it("is made of texts alone", async () => {
  const made = await recommend(at("texts"), "--items", at("items.jsonl"), "--model", at("model"));
  expect(made.out).toContain("16 items by their texts, 48 dimensions");
  const hits = await ask(at("texts"), "--liked", "1-0", "-k", "7");
  expect(new Set(hits.map(({ kind }) => kind))).toEqual(new Set([1]));
});

it("is made of interactions alone, and says which items have no place", async () => {
  const made = await recommend(
    at("plain"),
    "--fit",
    at("bought.csv"),
    "--items",
    at("items.jsonl"),
    "--epochs",
    "2",
    "--least-rating",
    "3",
  );
  expect(made.code).toBe(0);
  expect(made.out).toContain("2 items were never chosen");
  expect(made.out).toContain("by 120 choices");
});

it("leaves bad rows out where that is asked for, and nothing behind where it isn't", async () => {
  const refused = await recommend(at("half"), "--fit", at("bad.csv"));
  expect(refused.code).toBe(2);
  expect(refused.err).toContain(
    'bad.csv:202: "time" is not a number (got "yesterday", wanted a number)',
  );
  const made = await recommend(at("half"), "--fit", at("bad.csv"), "--skip-bad", "--epochs", "1");
  expect(made.code).toBe(0);
  expect(made.err).toContain("1 rows were left out");
});

it("is replaced when that is asked for, and only a recommender is", async () => {
  const again = ["--fit", at("bought.csv"), "--epochs", "1"];
  await recommend(at("twice"), ...again);
  const refused = await recommend(at("twice"), ...again);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("not empty");
  expect((await recommend(at("twice"), ...again, "--replace")).code).toBe(0);
  expect((await recommend(at("model"), ...again, "--replace")).err).toContain(
    "no recommender.json",
  );
});

it("leaves nothing behind when it is stopped", async () => {
  const stopped = await nearfold(
    ["recommend", at("stopped"), "--fit", at("bought.csv"), "--epochs", "5000"],
    { stopAt: "learning: " },
  );
  expect(stopped.code).toBe(130);
  expect((await readdir(folder.path)).filter((name) => name.includes("stopped"))).toEqual([]);
});

test.each([
  ["nothing asked", ["rec"], "nothing is asked"],
  ["nobody of that name", ["rec", "--user", "nobody"], "no interaction is of this user"],
  ["no such item", ["rec", "--liked", "0-1,zzz"], "there is no such item"],
  ["both at once", ["rec", "--fit", "x.csv", "--user", "u0"], "made first and asked then"],
  ["no recommender", ["model", "--user", "u0"], "there is no recommender here"],
  ["items that say nothing", ["new", "--items", "items.jsonl"], "items alone say nothing"],
  [
    "a model without texts",
    ["new", "--fit", "bought.csv", "--model", "model"],
    "no texts for the model",
  ],
  [
    "a check by nothing",
    ["new", "--items", "items.jsonl", "--model", "model", "--check"],
    "nothing to check by",
  ],
])("refuses %s", async (_, argv, wanted) => {
  const paths = argv.map((part) =>
    /^(rec|new|model|.*\.(csv|jsonl))$/.test(part) ? at(part) : part,
  );
  const { code, err } = await recommend(...paths);
  expect(code).toBe(2);
  expect(err).toContain(wanted);
});

test.each([
  ["a record that is none", "recommender.json", "{}", "the recommender is damaged"],
  ["half a record", "recommender.json", '{"format": 1', "not JSON"],
  ["a newer record", "recommender.json", '{"format": 9}', "a newer version wrote this"],
  ["torn weights", "recommender.safetensors", "torn", "recommender.safetensors"],
])("refuses a folder with %s", async (_, file, content, wanted) => {
  const damaged = at("damaged");
  await recommend(damaged, "--fit", at("bought.csv"), "--epochs", "1", "--replace");
  await writeFile(join(damaged, file), content);
  const { code, err } = await recommend(damaged, "--user", "u0");
  expect(code).toBe(2);
  expect(err).toContain(wanted);
  await writeFile(join(damaged, "recommender.json"), "{}");
});
