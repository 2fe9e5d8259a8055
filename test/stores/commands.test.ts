/** The commands, with an index that a server keeps. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { saveModel } from "../../src/models/index.ts";
import { nearfold } from "../nearfold.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyStatic } from "../tiny-models.ts";
import { places } from "./places.ts";

const kinds = (["postgres", "milvus"] as const).filter((kind) => !places[kind].absent);
const closing = new AsyncDisposableStack();
afterAll(() => closing.disposeAsync());

it.skipIf(kinds.length === 2)(`servers that are not at hand: ${kinds.join()} alone is`, () => {});

describe.each(kinds)("commands with %s", (kind) => {
  it("index, index again, search, copy", { timeout: 120_000 }, async () => {
    await using place = await places[kind].fresh();
    await using folder = await temporaryFolder();
    const model = join(folder.path, "model");
    await saveModel(model, tinyStatic());
    const line = (n: number) =>
      JSON.stringify({ id: `d${n}`, text: n === 7 ? "a fox" : `text ${n}`, n });
    const lines = Array.from({ length: 30 }, (_, n) => line(n)).join("\n");
    const file = await folder.write("documents.jsonl", lines);
    const ok = async (...argv: string[]) => {
      const { code, out, err } = await nearfold(argv);
      expect(code, err).toBe(0);
      return out + err;
    };
    const { reference } = place;
    expect(await ok("index", file, "--model", model, "--store", reference)).toContain(
      "30 documents, 30 of them new",
    );
    const shorter = await folder.write("fewer.jsonl", lines.split("\n").slice(0, 20).join("\n"));
    expect(await ok("index", shorter, "--store", reference, "--prune")).toContain(
      "20 documents, 0 of them new",
    );
    const found = await ok("search", reference, "fox", "--mode", "keyword", "--json");
    expect(found).toContain('"d7"');
    const filtered = await ok("search", reference, "text", "--where", "n = 3", "--json");
    expect(filtered).toContain('"d3"');
    expect(filtered).not.toContain('"d4"');
    const copy = join(folder.path, "copy");
    expect(await ok("copy", reference, "--to", copy)).toContain("20 rows");
    expect(found + filtered).not.toContain("p%40ss");
  });
});
