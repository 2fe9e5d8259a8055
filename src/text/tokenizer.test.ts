import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import {
  loadTokenizer,
  parseTokenizer,
  type Tokenizer,
  trainBpe,
  trainWordPiece,
} from "./index.ts";

const root = join(import.meta.dirname, "../..");
const models = join(root, "../shared/models");

interface Golden {
  readonly strings: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly ids_without_special_tokens: readonly number[];
    readonly decoded: string;
  }[];
  readonly pairs: readonly {
    a: string;
    b: string;
    ids: readonly number[];
    type_ids: readonly number[];
  }[];
  readonly truncated_to_8: { readonly text: string; readonly ids: readonly number[] };
}

const golden = (name: string): Golden =>
  JSON.parse(readFileSync(join(root, "test/goldens/tokenizers", `${name}.json`), "utf8"));

const text = [
  "The quick brown fox isn't in getElementById(x), is it?",
  "Quick foxes jump: fox, fox!",
];
const trained = (kind: "wordpiece" | "bpe"): Tokenizer => {
  const made =
    kind === "bpe" ? trainBpe(text, { vocabSize: 300 }) : trainWordPiece(text, { vocabSize: 200 });
  return parseTokenizer(
    JSON.stringify(made.tokenizerJson),
    JSON.stringify(made.tokenizerConfig),
    kind,
  );
};

describe.each([
  ["bert-uncased", "bert-uncased-tokenizer", 30522, 0],
  ["tinystories", "tinystories-656k", 2048, 0],
])("%s is exact", (name, folder, vocabSize, padId) => {
  const { strings, pairs, truncated_to_8 } = golden(name);
  const path = join(models, folder);
  const reason = existsSync(path) ? "" : "../shared/models is not here";

  test.skipIf(reason)(
    `strings, pairs, truncation${reason && ` (skipped: ${reason})`}`,
    async () => {
      const tokenizer = await loadTokenizer(path);
      expect([tokenizer.vocabSize, tokenizer.padId]).toEqual([vocabSize, padId]);
      for (const row of strings) {
        const bare = tokenizer.encode(row.text, { addSpecialTokens: false });
        expect([...tokenizer.encode(row.text).ids], row.text).toEqual(row.ids);
        expect([...bare.ids], row.text).toEqual(row.ids_without_special_tokens);
        expect(tokenizer.decode(row.ids), row.text).toBe(row.decoded);
      }
      for (const { a, b, ids, type_ids } of pairs) {
        const pair = tokenizer.encodePair(a, b);
        expect([[...pair.ids], [...pair.typeIds]]).toEqual([ids, type_ids]);
      }
      // The golden is padded as the file says; padding is the encoder's work here.
      const { ids, truncated } = tokenizer.encode(truncated_to_8.text, { maxLength: 8 });
      expect([[...ids], truncated]).toEqual([truncated_to_8.ids.slice(0, 8), true]);
    },
  );
});

test("truncation cuts the text and keeps the special tokens", () => {
  const tokenizer = trained("wordpiece");
  const whole = tokenizer.encode(text[0]);
  const cut = tokenizer.encode(text[0], { maxLength: 6 });
  const [cls, sep] = ["[CLS]", "[SEP]"].map((token) => tokenizer.tokenToId(token)!);
  expect([...cut.ids]).toEqual([cls, ...whole.ids.slice(1, 5), sep]);
  expect([cut.truncated, whole.truncated, whole.tokenCount]).toEqual([
    true,
    false,
    whole.ids.length,
  ]);
  const left = tokenizer.encode(text[0], { maxLength: 6, truncateSide: "left" });
  expect([...left.ids]).toEqual([cls, ...whole.ids.slice(-5, -1), sep]);
  expect([left.truncated, left.tokenCount]).toEqual([true, whole.ids.length]);
  expect(tokenizer.encode(text[0], { maxLength: whole.ids.length }).truncated).toBe(false);
  expect([...tokenizer.encode("fox", { maxLength: 2 }).ids]).toEqual([cls, sep]);
});

test.each([
  ["fox fox", "quick quick quick quick", 9, "[CLS] fox fox [SEP] quick quick quick quick [SEP]"],
  ["fox fox", "quick quick quick quick", 7, "[CLS] fox fox [SEP] quick quick [SEP]"],
  ["fox fox fox fox", "quick quick", 7, "[CLS] fox fox [SEP] quick quick [SEP]"],
  ["fox fox fox fox", "quick quick quick", 6, "[CLS] fox fox [SEP] quick [SEP]"],
  ["fox fox fox fox", "quick", 6, "[CLS] fox fox [SEP] quick [SEP]"],
  ["fox", "", 6, "[CLS] fox [SEP] [SEP]"],
])("pair %j, %j in %i", (a, b, maxLength, wanted) => {
  const tokenizer = trained("wordpiece");
  const { ids } = tokenizer.encodePair(a, b, { maxLength });
  expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(
    wanted.toLowerCase().replace(/\[\w+\]/g, (t) => t.toUpperCase()),
  );
});

test.each(["wordpiece", "bpe"] as const)(
  "%s: a bound on the length reads less and changes nothing",
  (kind) => {
    const tokenizer = trained(kind);
    const words = fc.constantFrom(
      "fox",
      "Quick",
      "é",
      "naïve",
      ",",
      "\n",
      "  ",
      " ",
      "[SEP]",
      "x1Y",
      "zzzzzz",
      "ΑΣ",
      "中文",
    );
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 400 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 60 }),
        (list, spaced, maxLength) => {
          const long = list.join(spaced ? " " : "").repeat(3);
          const all = tokenizer.encode(long, { addSpecialTokens: false });
          const cut = tokenizer.encode(long, { addSpecialTokens: false, maxLength });
          expect([...cut.ids]).toEqual([...all.ids.slice(0, maxLength)]);
          expect(cut.truncated).toBe(all.ids.length > maxLength);
          expect(cut.tokenCount).toBeLessThanOrEqual(all.tokenCount);
          const options = { addSpecialTokens: false, maxLength, truncateSide: "left" } as const;
          const end = all.ids.slice(Math.max(0, all.ids.length - maxLength));
          expect([...tokenizer.encode(long, options).ids]).toEqual([...end]);
        },
      ),
    );
  },
);

test.each([
  ["prose", "the quick brown fox ".repeat(500_000)],
  ["one word", "x".repeat(10_000_000)],
  ["white space", " \n".repeat(5_000_000)],
  ["no ASCII", "é中".repeat(2_000_000)],
])("10 MB of %s", { timeout: 60_000 }, (_, long) => {
  for (const kind of ["wordpiece", "bpe"] as const) {
    const { ids, tokenCount } = trained(kind).encode(long, { maxLength: 512 });
    expect(ids.length).toBeLessThanOrEqual(512);
    expect(tokenCount).toBeGreaterThanOrEqual(ids.length);
  }
});

test("a cut run of bytes keeps its surrogate pairs", () => {
  const tokenizer = trained("bpe");
  const long = `x${"😀".repeat(40_000)}`;
  expect(tokenizer.decode(tokenizer.encode(long).ids)).toBe(long);
});

test("a folder: the files as they are, a fingerprint, and errors that name them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "not-found" });
  const { json, config, fingerprint } = trained("wordpiece");
  await writeFile(join(folder, "tokenizer.json"), json);
  const bare = await loadTokenizer(folder);
  expect([bare.json, bare.fingerprint, bare.maxLength]).toEqual([json, fingerprint, undefined]);
  await writeFile(join(folder, "tokenizer_config.json"), config);
  const full = await loadTokenizer(folder);
  expect([full.config, full.maxLength, full.padId]).toEqual([config, 512, 0]);
  expect([...full.specialTokens.keys()]).toEqual(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
  await writeFile(join(folder, "tokenizer.json"), json.slice(0, 100));
  await expect(loadTokenizer(folder)).rejects.toThrow(join(folder, "tokenizer.json"));
});

const model = { type: "WordPiece", unk_token: "u", vocab: { u: 0 } };
test.each([
  ["no JSON", "{", "bad-input", "not JSON"],
  ["a list", "[]", "bad-input", "a JSON object"],
  ["no model", "{}", "bad-input", "model"],
  ["no vocabulary", '{"model":{"type":"BPE","merges":[]}}', "bad-input", "model.vocab"],
  ["a negative id", '{"model":{"vocab":{"a":-1}}}', "bad-input", 'model.vocab["a"]'],
  ["an id of 2^60", `{"model":{"vocab":{"a":${2 ** 60}}}}`, "bad-input", 'model.vocab["a"]'],
  ["one id twice", '{"model":{"vocab":{"a":1,"b":1}}}', "bad-input", "an id of its own"],
  [
    "no unknown token",
    '{"model":{"type":"WordPiece","unk_token":"u","vocab":{"a":0}}}',
    "bad-input",
    "unk_token",
  ],
  [
    "an unheard-of normalizer",
    JSON.stringify({ model, normalizer: { type: "Nope" } }),
    "bad-input",
    "Nope",
  ],
  [
    "merged punctuation",
    JSON.stringify({ model, pre_tokenizer: { type: "Punctuation", behavior: "MergedWithNext" } }),
    "unsupported",
    "MergedWithNext",
  ],
  [
    "steps of no length",
    JSON.stringify({ model, pre_tokenizer: { type: "FixedLength", length: 0 } }),
    "unsupported",
    "length 0",
  ],
  [
    "a deep nest",
    `{"model":${JSON.stringify(model)},"normalizer":${'{"type":"Sequence","normalizers":['.repeat(5e4)}${"]}".repeat(5e4)}}`,
    "bad-input",
    "built",
  ],
  [
    "a template without its token",
    JSON.stringify({
      model,
      post_processor: { type: "BertProcessing", cls: ["c", 1], sep: ["s", 2] },
    }),
    "bad-input",
    '"c"',
  ],
] as const)("refuses %s", (_, json, code, words) => {
  const parse = () => parseTokenizer(json, "{}", "here.json");
  expect(parse).toThrow(NearfoldError);
  expect(parse).toThrow(words);
  expect(parse).toThrow(expect.objectContaining({ code }));
});

test("refuses a bound without room, and ids that are not there", () => {
  const tokenizer = trained("wordpiece");
  expect(() => tokenizer.encode("x", { maxLength: 1 })).toThrow("at least 2");
  expect(() => tokenizer.encodePair("x", "y", { maxLength: 2 })).toThrow("at least 3");
  expect(() => tokenizer.encode("x", { maxLength: Number.NaN })).toThrow(NearfoldError);
  expect(() => tokenizer.decode([tokenizer.vocabSize])).toThrow("no token has this id");
});

/** Replaces the value at a random path of a JSON document. */
function replaceAt(value: unknown, path: readonly number[], by: unknown): unknown {
  if (typeof value !== "object" || value === null || path.length === 0) return by;
  const keys = Object.keys(value);
  if (keys.length === 0) return by;
  const key = keys[path[0] % keys.length];
  const copy = Array.isArray(value) ? [...value] : { ...value };
  (copy as Record<string, unknown>)[key] = replaceAt(
    (value as Record<string, unknown>)[key],
    path.slice(1),
    by,
  );
  return copy;
}

test.each(["wordpiece", "bpe"] as const)(
  "a mutated %s file gives a tokenizer or a NearfoldError",
  (kind) => {
    const { json, config } = trained(kind);
    const tries = (mutated: string) => {
      try {
        const tokenizer = parseTokenizer(mutated, config, "fuzzed");
        tokenizer.decode(tokenizer.encode("Quick [SEP] fox, naïve 12", { maxLength: 32 }).ids);
        tokenizer.encodePair("fox", "é");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    };
    const document = JSON.parse(json);
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), fc.jsonValue(), (path, by) =>
        tries(JSON.stringify(replaceAt(document, path, by))),
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc.nat(json.length - 1),
        fc.nat(20),
        fc.string({ maxLength: 4 }),
        (start, removed, added) =>
          tries(json.slice(0, start) + added + json.slice(start + removed)),
      ),
      { numRuns: 300 },
    );
  },
);
