import fc from "fast-check";
import { expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import { parseEmbeddings } from "./embeddings-answer.ts";

const row = (index: number) => ({ index, embedding: [index, 0.5] });
const good = JSON.stringify({ data: [row(1), row(0)] });

test("in the order of the texts", () => {
  expect([...parseEmbeddings(good, 2, "service")]).toEqual([0, 0.5, 1, 0.5]);
});

test("whatever comes, vectors or an error of ours", () => {
  const check = (body: string) => {
    try {
      expect(parseEmbeddings(body, 2, "service").every(Number.isFinite)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(NearfoldError);
      expect((error as NearfoldError).code).not.toBe("bug");
    }
  };
  const mutated = fc
    .tuple(fc.nat(good.length), fc.nat(3), fc.string({ maxLength: 3 }))
    .map(([at, cut, text]) => good.slice(0, at) + text + good.slice(at + cut));
  fc.assert(fc.property(mutated, check), { numRuns: 500 });
  fc.assert(fc.property(fc.json(), check), { numRuns: 300 });
});
