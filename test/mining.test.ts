/** Mining from end to end over vectors that are given: against sentence-transformers, and from each kind of store. */
import { describe, expect, it } from "vitest";
import type { Pair } from "../src/data/index.ts";
import type { Encoder, EncodeTextsOptions } from "../src/encoder/index.ts";
import {
  type MinedPair,
  type MineOptions,
  type MiningProgress,
  type MiningReport,
  mine,
  mineToEnd,
} from "../src/mining/index.ts";
import { openMemoryStore } from "../src/stores/index.ts";
import { goldenJson } from "./golden.ts";

interface Golden {
  readonly vectors: Readonly<Record<string, readonly number[]>>;
  readonly pairs: readonly (readonly [anchor: string, positive: string])[];
  readonly cases: readonly {
    readonly name: string;
    readonly options: Readonly<Record<string, number>>;
    readonly rows: readonly MinedPair[];
  }[];
}

const golden = goldenJson<Golden>("mining/mining");
const pairs = golden.pairs.map(([anchor, positive]) => pair(anchor, positive));
const documents = Object.keys(golden.vectors).filter((name) => name.startsWith("d"));

function pair(anchor: string, positive: string, negatives: readonly string[] = []): Pair {
  return { anchor, positive, negatives };
}

/** Gives each text its vector; says which texts it was asked for, and as what. */
function encoderOf(vectors: Golden["vectors"], asked: [string, string][] = []): Encoder {
  const dims = Object.values(vectors)[0].length;
  const space = { id: `sha256:${"0".repeat(64)}`, dims, similarity: "cosine" } as const;
  const encode = async (
    texts: readonly string[],
    { role = "document" }: EncodeTextsOptions = {},
  ) => {
    for (const text of texts) asked.push([role, text]);
    return {
      vectors: Float32Array.from(texts.flatMap((text) => vectors[text])),
      ...{ dims, tokens: 0, truncated: [] },
    };
  };
  return {
    ...{ name: "given", space, dims: [dims], maxTokens: 8, encode },
    async *encodeStream(texts, options = {}) {
      let first = 0;
      for await (const text of texts) {
        yield { first, texts: [text], ...(await encode([text], options)) };
        first++;
        options.onProgress?.({ texts: first, tokens: 0 });
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function mineAll(encoder: Encoder, from: readonly Pair[], options: MineOptions) {
  const rows: MinedPair[] = [];
  const report = await mineToEnd(mine(encoder, from, options), (row) => {
    rows.push(row);
  });
  return { rows, report };
}

async function storeOf(encoder: Encoder, texts: readonly string[]) {
  const store = await openMemoryStore("index", { model: encoder });
  const { vectors } = await encoder.encode(texts);
  const ids = texts.map((text, i) => `${text} ${i}`);
  await store.upsert(ids, vectors, { payloads: texts.map((text) => ({ text })) });
  return store;
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe.each(golden.cases)("as sentence-transformers: $name", ({ options, rows: wanted }) => {
  const renamed = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name === "num_negatives" ? "negatives" : camel(name),
      value,
    ]),
  );
  it.each(["texts", "store"] as const)("from %s", async (source) => {
    const encoder = encoderOf(golden.vectors);
    await using store = await storeOf(encoder, documents);
    const candidates = source === "texts" ? { texts: documents } : { store };
    const { rows, report } = await mineAll(encoder, pairs, {
      relativeMargin: false,
      ...renamed,
      candidates,
    });
    const plain = ({ anchor, positive, negatives }: Pair) => ({ anchor, positive, negatives });
    expect(rows.map(plain)).toEqual(wanted.map(plain));
    const scores = (list: readonly MinedPair[]) => list.flatMap(({ scores }) => scores);
    expect(scores(rows)).toBeClose(scores(wanted), { atol: 2e-6 });
    expect(report).toMatchObject({ mined: wanted.length, short: pairs.length - wanted.length });
  });
});

/** On a line: the anchor at an angle of 0, the others at so many degrees. */
const degrees = (angles: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(angles).map(([text, angle]) => {
      const radians = (angle * Math.PI) / 180;
      return [text, [Math.cos(radians), Math.sin(radians)]];
    }),
  );
const cos = (angle: number) => Math.cos((angle * Math.PI) / 180);

describe("mining", () => {
  const vectors = degrees({
    q: 0,
    Q: 0,
    near: 10,
    p: 20,
    P2: 60,
    far: 40,
    farther: 70,
    other: 90,
    u: 88,
  });

  it("without candidates takes the other pairs' positives, encoding each text once", async () => {
    const asked: [string, string][] = [];
    const from = [pair("q", "p"), pair("u", "other"), pair("u", "farther"), pair("q", "p")];
    const { rows, report } = await mineAll(encoderOf(vectors, asked), from, { negatives: 1 });
    expect(rows.map(({ anchor, positive, negatives }) => [anchor, positive, ...negatives])).toEqual(
      [
        ["q", "p", "farther"],
        ["u", "other", "p"],
        ["u", "farther", "p"],
      ],
    );
    expect(asked.sort()).toEqual([
      ["document", "farther"],
      ["document", "other"],
      ["document", "p"],
      ["query", "q"],
      ["query", "u"],
    ]);
    expect(report).toMatchObject({ pairs: 3, anchors: 2, mined: 3, short: 0 });
  });

  it("knows an anchor's positives together, however it is spelt, and margins go by the farthest", async () => {
    const from = [pair("q", "p"), pair("Q", "P2")];
    const options = { negatives: 1, candidates: { texts: ["near", "p", "p2", "far", "farther"] } };
    const { rows, report } = await mineAll(
      encoderOf({ ...vectors, p2: vectors.P2 }),
      from,
      options,
    );
    expect(rows.map(({ anchor, negatives }) => [anchor, ...negatives])).toEqual([
      ["q", "farther"],
      ["Q", "farther"],
    ]);
    expect(rows.flatMap(({ scores }) => scores)).toBeClose([cos(20), cos(70), cos(60), cos(70)], {
      atol: 1e-6,
    });
    expect(report.dropped).toMatchObject({ positive: 2, relativeMargin: 2, anchor: 0 });
  });

  it("says what looks like a match that nobody marked", async () => {
    const from = [pair("q", "far", ["old"]), pair("u", "p")];
    const options = {
      negatives: 1,
      candidates: { texts: ["near", "p", "", "far", "farther", "other"] },
    };
    const { report } = await mineAll(encoderOf(vectors), from, options);
    expect(report.dropped).toMatchObject({ relativeMargin: 5, positive: 2, empty: 0 });
    expect(report).toMatchObject({ candidates: 10, mined: 2, short: 0, replaced: 1 });
    expect(report.falseNegatives).toMatchObject([
      { anchor: "u", positive: "p", text: "other", reason: "relativeMargin" },
      { anchor: "q", positive: "far", text: "near", reason: "relativeMargin" },
    ]);
    const { positives, negatives, differences } = report.scores;
    expect([positives.mean, negatives.mean, differences.mean]).toBeClose(
      [cos(40) + cos(68), cos(70) + cos(78), cos(40) + cos(68) - cos(70) - cos(78)].map(
        (x) => x / 2,
      ),
      { atol: 1e-6 },
    );
  });

  it.each(["texts", "store"] as const)("from %s, a repeated text takes no rank", async (source) => {
    const once = ["p", "near", "far", "farther", "other"];
    const often = once.flatMap((text) => Array.from({ length: 40 }, () => text));
    const from = async (texts: readonly string[]) => {
      const encoder = encoderOf(vectors);
      const options = { negatives: 2, rangeMax: 4, relativeMargin: false } as const;
      await using store = await storeOf(encoder, texts);
      const candidates = source === "texts" ? { texts } : { store };
      return await mineAll(encoder, [pair("q", "p"), pair("u", "far")], { ...options, candidates });
    };
    const { rows, report } = await from(often);
    expect(rows.map(({ negatives }) => negatives)).toEqual([
      ["near", "far"],
      ["other", "farther"],
    ]);
    expect({ rows, report }).toEqual(await from(once));
  });

  it("keeps poorer pairs where that is asked for", async () => {
    const options = { negatives: 2, minNegatives: 0, candidates: { texts: ["p", "farther"] } };
    const { rows } = await mineAll(encoderOf(vectors), [pair("q", "p"), pair("u", "p")], options);
    expect(rows.map(({ negatives }) => negatives)).toEqual([["farther"], []]);
  });

  it("the same seed draws the same sample; an anchor's does not depend on the anchors after it", async () => {
    const options = {
      negatives: 2,
      sampling: "random",
      rangeMax: 40,
      relativeMargin: false,
      candidates: { texts: documents },
    } as const;
    const encoder = encoderOf(golden.vectors);
    const all = await mineAll(encoder, pairs, options);
    expect(await mineAll(encoder, pairs, options)).toEqual(all);
    const [alone] = (await mineAll(encoder, [pairs[0], pairs[12]], options)).rows;
    expect(alone.negatives).toEqual(all.rows[0].negatives);
    const other = await mineAll(encoder, pairs, { ...options, seed: 43 });
    expect(other.rows).not.toEqual(all.rows);
  });

  it("shows how far it is", async () => {
    const seen: MiningProgress[] = [];
    const onProgress = (progress: MiningProgress) => seen.push(progress);
    const options = { negatives: 1, candidates: { texts: ["near", "farther"] }, onProgress };
    await mineAll(encoderOf(vectors), [pair("q", "p")], options);
    expect(seen).toEqual([
      { stage: "positives", done: 1, total: 1 },
      { stage: "candidates", done: 1 },
      { stage: "candidates", done: 2 },
      { stage: "negatives", done: 1, total: 1 },
    ]);
  });
});

it("to the end: a failure on the way closes what was open", async () => {
  let closed = false;
  const mining = (async function* (): AsyncGenerator<MinedPair, MiningReport, void> {
    try {
      yield { ...pair("q", "p"), scores: [1] };
      throw new Error("asked for more after the failure");
    } finally {
      closed = true;
    }
  })();
  const failing = mineToEnd(mining, () => {
    throw new Error("the disk is full");
  });
  await expect(failing).rejects.toThrow("the disk is full");
  expect(closed).toBe(true);
});

describe("a mistake is one clear error", () => {
  const vectors = degrees({ q: 0, p: 10, far: 50 });
  const from = [pair("q", "p")];

  it("no pairs", async () => {
    await expect(mineAll(encoderOf(vectors), [], {})).rejects.toThrow(
      "there are no pairs to mine for",
    );
  });

  it("a range without room", async () => {
    await expect(mineAll(encoderOf(vectors), from, { rangeMax: 2 })).rejects.toThrow(
      "rangeMax makes no sense",
    );
  });

  it("a store of another space", async () => {
    const encoder = encoderOf(vectors);
    const space = { ...encoder.space, id: `sha256:${"1".repeat(64)}` };
    await using store = await openMemoryStore("index", { model: { name: "other", space } });
    await expect(mineAll(encoder, from, { candidates: { store } })).rejects.toThrow(
      "index: these vectors are of another space",
    );
  });

  it("a store without texts", async () => {
    const encoder = encoderOf(vectors);
    await using store = await openMemoryStore("index", { model: encoder });
    await store.upsert(["d1"], Float32Array.of(1, 0));
    await expect(mineAll(encoder, from, { candidates: { store } })).rejects.toThrow(
      'index: the store keeps no text of a vector (got id "d1", wanted a payload with "text")',
    );
  });

  it("more candidates than memory should hold", async () => {
    const options = { rangeMax: 2 ** 40, candidates: { texts: ["far"] } };
    await expect(mineAll(encoderOf(vectors), from, options)).rejects.toThrow(
      "too many candidates to hold",
    );
  });

  it("a stop", async () => {
    const options = { signal: AbortSignal.abort(), candidates: { texts: ["far"] } };
    await expect(mineAll(encoderOf(vectors), from, options)).rejects.toThrow("mining was stopped");
  });
});
