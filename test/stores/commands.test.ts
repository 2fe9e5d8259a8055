/** The commands, with an index that a server keeps. */
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { saveModel } from "../../src/models/index.ts";
import { openStore } from "../../src/stores/index.ts";
import { withoutSecrets } from "../../src/stores/server-reference.ts";
import { jsonl, nearfold } from "../nearfold.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyBert, tinyStatic } from "../tiny-models.ts";
import { places } from "./places.ts";

const kinds = (["postgres", "milvus"] as const).filter((kind) => !places[kind].absent);
afterEach(() => vi.unstubAllEnvs());

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
      expect(out + err).not.toContain("p%40ss");
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
  });

  it("alias, migrate into it, back", { timeout: 120_000 }, async () => {
    await using old = await places[kind].fresh();
    await using fresh = await places[kind].fresh();
    await using folder = await temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    await saveModel(at("old"), tinyStatic());
    await saveModel(at("new"), tinyBert());
    const documents = Array.from({ length: 30 }, (_, n) => ({
      id: `d${n}`,
      text: `the ${n % 3 ? "quick" : "lazy"} dog ${n}`,
      n,
    }));
    const file = await folder.write("documents.jsonl", jsonl(documents));
    const { password } = new URL(old.reference);
    if (password !== "") {
      const refused = await nearfold(["alias", at("name"), "--to", old.reference]);
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("keeps no password") });
      vi.stubEnv("PGPASSWORD", decodeURIComponent(password));
    }
    const [from, into] = [old, fresh].map(({ reference }) => withoutSecrets(reference));
    const ok = async (...argv: string[]) => {
      const { code, out, err } = await nearfold(argv);
      expect(code, err).toBe(0);
      expect(out + err).not.toContain("p%40ss");
      return out;
    };
    await ok("index", file, "--model", at("old"), "--store", old.reference);
    await ok("alias", at("name"), "--to", from);
    if (password !== "") {
      const places = ["--to", at("new"), "--store", fresh.reference];
      const refused = await nearfold(["migrate", at("name"), ...places]);
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("keeps no password") });
      expect(refused.err).not.toContain("encoding");
    }
    const to = ["migrate", at("name"), "--to", at("new"), "--store", into, "--json"];
    expect(JSON.parse(await ok(...to))).toMatchObject({ documents: 30, switched: false });
    const switched = JSON.parse(await ok(...to, "--cut-over", "--force"));
    expect(switched).toMatchObject({ documents: 30, encoded: 0, switched: true });
    const dims = async () => {
      await using store = await openStore(at("name"), { access: "read" });
      const rows = (await store.list({ limit: 100 })).map(({ id, payload }) => ({
        id,
        ...payload,
      }));
      expect(rows).toEqual(expect.arrayContaining(documents));
      expect(rows).toHaveLength(documents.length);
      return store.space.dims;
    };
    expect(await dims()).toBe(32);
    expect(await ok("search", at("name"), "lazy dog", "--where", "n = 3", "--json")).toContain(
      "d3",
    );
    await ok("migrate", at("name"), "--roll-back");
    expect(await dims()).toBe(48);
    await ok("migrate", at("name"), "--roll-back");
    expect(await ok("migrate", at("name"), "--drop-old")).toContain("is left there");
    expect(await dims()).toBe(32);
  });
});
