import { describe, expect, test } from "vitest";
import { findDeclarations } from "./api-declarations.ts";
import { type ApiPair, extractApiPairs, pairDeclarations, splitApiPairs } from "./api-pairs.ts";
import { splitWords } from "./query-text.ts";

const pairsOf = (...files: readonly string[]) =>
  pairDeclarations(files.flatMap((text) => findDeclarations("a.d.ts", text)));

describe("pairs", () => {
  test("hold the description, the name masked, and the declaration", () => {
    const text = `declare module "fs" {
      /** The \`readFile\` function loads a document.\n * @since v0.1 */
      function readFile(/** The path. */ path: string): Buffer;
    }`;
    expect(pairsOf(text)).toEqual([
      {
        id: "fs.readFile",
        symbol: "fs.readFile",
        query: "The … function loads a document.",
        document: "fs.readFile: function readFile(path: string): Buffer",
        container: "fs",
        name: "readFile",
        signature: "function readFile(path: string): Buffer",
      },
    ]);
  });

  test("merge equal declarations and keep different signatures", () => {
    const overloads = "interface A { abort(): void; abort(reason: string): void }";
    const member = "interface A {\n /** Stops the request now. */\n abort(): void }";
    expect(pairsOf(member, member, overloads)).toMatchObject([
      { symbol: "A.abort", signature: "abort(): void; abort(reason: string): void" },
    ]);
  });

  test.each([
    ["has no comment", "declare function f(): void;"],
    ["is described in two words", "/** Two words. */ declare function f(): void;"],
    [
      "is described by little but its name",
      "/** The open file. */ declare function openFile(): void;",
    ],
    ["has a reference alone", "/** [MDN Reference](https://x.org/a) */ declare var abort: string;"],
  ])("leave out what %s", (_, text) => {
    expect(pairsOf(text)).toEqual([]);
  });

  test("take the first description that says something", () => {
    const text =
      "/** Nothing. */ declare function f(): 1;\n/** Reads one whole file. */ declare function f(a: 1): 2;";
    expect(pairsOf(text)).toMatchObject([{ query: "Reads one whole file." }]);
  });
});

describe("a split", () => {
  const pair = (symbol: string, query: string): ApiPair => ({
    id: symbol,
    symbol,
    query,
    document: symbol,
    container: "",
    name: symbol,
    signature: symbol,
  });

  test("keeps pairs of one text on one side, and fills the held-out sides exactly", () => {
    const pairs = Array.from({ length: 300 }, (_, i) => pair(`f${i}`, `text ${i % 100}`));
    const { train, dev, test } = splitApiPairs(pairs, 30);
    expect([train.length, dev.length, test.length]).toEqual([240, 30, 30]);
    for (const side of [train, dev, test]) {
      expect(new Set(side.map(({ query }) => query)).size).toBe(side.length / 3);
    }
  });

  test("does not depend on the order of the pairs", () => {
    const pairs = Array.from({ length: 100 }, (_, i) => pair(`f${i}`, `text ${i % 50}`));
    const symbols = ({ test }: ReturnType<typeof splitApiPairs>) =>
      new Set(test.map(({ id }) => id));
    expect(symbols(splitApiPairs(pairs.toReversed(), 10))).toEqual(
      symbols(splitApiPairs(pairs, 10)),
    );
  });

  test("leaves a group too large for a held-out side in training", () => {
    const pairs = Array.from({ length: 40 }, (_, i) =>
      pair(`f${i}`, i < 20 ? "same" : `text ${i}`),
    );
    const { train } = splitApiPairs(pairs, 5);
    expect(train.filter(({ query }) => query === "same")).toHaveLength(20);
  });
});

describe("the installed declarations", async () => {
  const split = await extractApiPairs();
  const { train, dev, test: held } = split;
  const all = [...train, ...dev, ...held];

  test("give about 9,000 pairs, 800 for dev and 800 for test", () => {
    expect(dev).toHaveLength(800);
    expect(held).toHaveLength(800);
    expect(train.length).toBeGreaterThan(7000);
  });

  test("give the same pairs again", async () => {
    expect(await extractApiPairs()).toEqual(split);
  });

  test.each(["symbol", "query", "document"] as const)("have no %s on two sides", (field) => {
    const sides = new Map<string, Set<string>>();
    for (const [side, pairs] of Object.entries(split)) {
      for (const pair of pairs) {
        const key = splitWords(pair[field]).join(" ");
        sides.set(key, (sides.get(key) ?? new Set()).add(side));
      }
    }
    expect([...sides].filter(([, { size }]) => size > 1)).toEqual([]);
  });

  test("have one document for each symbol", () => {
    expect(new Set(all.map(({ symbol }) => symbol)).size).toBe(all.length);
  });

  test("never hold the name of what a query describes, or a word of it", () => {
    const named = all.filter(({ name, query }) => {
      const parts = splitWords(name);
      const wanted = new Set([...parts, parts.join("")]);
      const words = splitWords(query);
      return words.some((_, i) =>
        words
          .slice(i, i + parts.length)
          .some((_, n) => wanted.has(words.slice(i, i + n + 1).join(""))),
      );
    });
    expect(named.map(({ symbol, query }) => `${symbol}: ${query}`)).toEqual([]);
  });

  test("have prose for queries: no code, address, reference or empty call", () => {
    const unclean = /```|\w:\/\/|MDN Reference|\{@link|…\(\)/;
    expect(all.filter(({ query }) => unclean.test(query)).map(({ query }) => query)).toEqual([]);
  });

  test("have a known API", () => {
    expect(all.find(({ symbol }) => symbol === "AbortController.signal")).toMatchObject({
      query: expect.stringMatching(
        /^The … read-only property of the AbortController interface returns an Abort… object/,
      ),
      document: "AbortController.signal: readonly signal: AbortSignal",
    });
  });
});
