import fc from "fast-check";
import { expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import { parseLoss } from "./parse.ts";
import { losses, modifiers } from "./registry.ts";

test.each([
  ["contrastive", "contrastive"],
  [{ name: "contrastive", margin: 0.4 }, "contrastive"],
  [{ name: "matryoshka", loss: "info-nce", dims: [8] }, "matryoshka(info-nce)"],
  [
    { name: "sum", losses: ["info-nce", { name: "splade", loss: "triplet" }], weights: [1, 2] },
    "sum(info-nce, splade(triplet))",
  ],
])("%o is %s", (json, name) => {
  expect(parseLoss(json).name).toBe(name);
});

const deep = (depth: number): unknown =>
  depth === 0 ? "info-nce" : { name: "matryoshka", dims: [8], loss: deep(depth - 1) };

test.each([
  ["no loss", 3, /^tasks\.json: no loss \(got 3, wanted a name, or/],
  ["an unknown name", "mnrl", /no such loss \(got "mnrl", wanted info-nce, gist, .*, sum\)/],
  ["no name", { margin: 1 }, /no such loss \(got undefined/],
  ["a name of every object", "constructor", /no such loss/],
  ["a name that is no text", { name: ["info-nce"] }, /no such loss \(got \["info-nce"\]/],
  [
    "an unknown option",
    { name: "contrastive", margn: 1 },
    /^tasks\.json, contrastive: no such option \(got margn, wanted distance, margin, reduction\)/,
  ],
  ["an option of every object", JSON.parse('{"name": "mse", "__proto__": 1}'), /no such option/],
  ["options of none", { name: "mse", margin: 1 }, /wanted no options/],
  [
    "a wrong value",
    { name: "contrastive", margin: "0.5" },
    /margin is not usable \(got "0\.5", wanted a number above 0\)/,
  ],
  ["a temperature of 0", { name: "info-nce", temperature: 0 }, /got 0, wanted a number above 0/],
  [
    "no direction that holds the positive",
    { name: "info-nce", directions: ["anchor-anchor"] },
    /wanted anchor-document/,
  ],
  [
    "half a hardness",
    { name: "info-nce", hardness: { of: "in-batch" } },
    /hardness is not usable \(got \{ "of" \}, wanted \{ of: one of in-batch, hard-negatives; strength/,
  ],
  ["a modifier of nothing", { name: "splade" }, /no usable "loss" \(got nothing, wanted a loss/],
  ["a sum of nothing", { name: "sum", losses: [] }, /no usable "losses" \(got \[\], wanted a list/],
  ["a sum of too much", { name: "sum", losses: Array(17).fill("flops") }, /a list of 1 to 16/],
  ["a wrong loss inside", { name: "splade", loss: "mnrl" }, /^tasks\.json, splade: no such loss/],
  ["no dims", { name: "matryoshka", loss: "info-nce" }, /got dims none/],
  [
    "half a dim",
    { name: "matryoshka", loss: "info-nce", dims: [8.5] },
    /got \[8\.5\], wanted a list/,
  ],
  [
    "weights that do not fit",
    { name: "matryoshka", loss: "info-nce", dims: [8, 4], weights: [1] },
    /a weight for each/,
  ],
  [
    "a modifier inside itself",
    deep(1000),
    /^tasks\.json, matryoshka, matryoshka: a modifier inside itself \(got matryoshka around matryoshka/,
  ],
])("refuses %s", (_, json, message) => {
  const parse = () => parseLoss(json, "tasks.json");
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ code: "bad-argument" }));
});

test("whatever a file holds ends in a loss or in one clear error", () => {
  const names = fc.constantFrom(...Object.keys(losses), ...Object.keys(modifiers));
  const options = fc.constantFrom("margin", "temperature", "dims", "weights", "distance", "losses");
  const { loss } = fc.letrec((tie) => ({
    loss: fc.oneof(names, tie("object"), fc.jsonValue()),
    object: fc
      .tuple(names, fc.dictionary(options, fc.jsonValue()), tie("loss"))
      .map(([name, rest, inner]) => ({ ...rest, name, loss: inner })),
  }));
  fc.assert(
    fc.property(loss, (json) => {
      try {
        expect(typeof parseLoss(json).loss).toBe("function");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
        expect((error as Error).message.length).toBeLessThan(2000);
      }
    }),
  );
});
