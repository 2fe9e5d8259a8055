import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyBert, tinyLlama } from "../../test/tiny-models.ts";
import { saveModel, spaceOf } from "../models/index.ts";
import type { Input } from "./embed-request.ts";
import { openServedModel, type ServedModel } from "./served-model.ts";
import { tokenizeInputs } from "./tokenize.ts";
import { openTokenizerThread } from "./tokenizer-thread.ts";

let home: string;
let model: ServedModel;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "nearfold-tokenize-"));
  const prompts = { query: "ask: ", document: "" };
  await saveModel(join(home, "bert"), { ...tinyBert(), prompts });
  await saveModel(join(home, "llama"), tinyLlama());
  model = await openServedModel(join(home, "bert"), { workers: 1, threads: 1 });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const long = "the library keeps every document ".repeat(300);
const many: readonly Input[] = [long, [2, 5, 3], "a short one", `${long}!`];

describe("inputs become ids", () => {
  test.each([undefined, "query"] as const)(
    "many in a thread as few here, prompt %s",
    async (prompt) => {
      const inputs = prompt ? many.filter((input) => typeof input === "string") : many;
      const tower = model.towers[prompt ?? "document"];
      expect(tower.tokenizeApart).toBeDefined();
      const request = { inputs, field: "input", ...(prompt && { prompt }) };
      const { tokenizeApart: _, ...here } = tower;
      const apart = await tokenizeInputs(request, tower);
      expect(apart).toEqual(await tokenizeInputs(request, here));
      expect(apart.truncated.length).toBe(2);
    },
  );

  test("what is too long is refused where it may not be cut, by its place", async () => {
    const request = { inputs: many, field: "input", truncate: false };
    const refused = tokenizeInputs(request, model.towers.document);
    await expect(refused).rejects.toMatchObject({ code: "too-large", details: { at: "input[0]" } });
  });

  test("nothing of a client that went away", async () => {
    const request = { inputs: many, field: "input", signal: AbortSignal.abort() };
    const refused = tokenizeInputs(request, model.towers.document);
    await expect(refused).rejects.toMatchObject({ code: "aborted" });
  });
});

test("a thread whose folder holds another model by now does not open", async () => {
  const start = { source: join(home, "llama"), space: spaceOf(tinyBert()).id };
  await expect(openTokenizerThread(start)).rejects.toMatchObject({ code: "mismatch" });
});
