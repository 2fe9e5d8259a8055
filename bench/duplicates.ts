/** A collection whose duplicates are known: real sentences, each in many variants, and others that miss them by a number or a name. */
import { readJsonl } from "../src/data/jsonl.ts";
import { type Rng, sequence, shuffle } from "../src/graph/rng.ts";
import { shared } from "../test/shared.ts";
import { nearMissOf, variantOf } from "./variants.ts";

export interface Duplicates {
  readonly texts: readonly string[];
  /** Of each text: rows of one group are one sentence. */
  readonly groups: Int32Array;
  /** Sentences that differ from another of them in a number or a name. */
  readonly nearMisses: number;
}

export interface DuplicateOptions {
  readonly rows: number;
  readonly seed: number;
  /** Which half of the sentences: what is calibrated on the one is measured on the other. */
  readonly half: 0 | 1;
}

/** Same options, same texts. Groups have 1 to twice the mean number of variants. */
export async function makeDuplicates({ rows, seed, half }: DuplicateOptions): Promise<Duplicates> {
  const next = sequence(seed, half);
  const all = apart(shuffle(await readSentences(), sequence(1)));
  const sentences = all.filter((_, i) => (half === 0 ? i % 8 === 0 : i % 8 !== 0));
  const misses = nearMissesOf(sentences, next);
  const originals = [...sentences, ...misses.map(({ text }) => text)];
  const most = Math.ceil((2 * rows) / originals.length) - 1;
  const made: { readonly text: string; readonly group: number }[] = [];
  for (let round = 0; made.length < rows; round++) {
    originals.forEach((sentence, group) => {
      // As many as a draw of the group's says.
      if (made.length >= rows || round > sizeOf(group, seed, most)) return;
      made.push({ text: round === 0 ? sentence : variantOf(sentence, next), group });
    });
  }
  const order = shuffle(made, next);
  return {
    texts: order.map(({ text }) => text),
    groups: Int32Array.from(order, ({ group }) => group),
    nearMisses: misses.length,
  };
}

function sizeOf(group: number, seed: number, most: number): number {
  return Math.floor(sequence(seed, 7, group)() * (most + 1));
}

const MISSED = 0.5;

function nearMissesOf(sentences: readonly string[], next: Rng) {
  const names = namesOf(sentences);
  return sentences.flatMap((sentence, of) => {
    const text = next() < MISSED ? nearMissOf(sentence, names, next) : undefined;
    return text === undefined ? [] : [{ text, of }];
  });
}

/** Words that are seldom written small: Elvis, Oracle, Tuesday. */
function namesOf(sentences: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, { capital: number; small: number }>();
  for (const sentence of sentences) {
    for (const word of sentence.split(" ").slice(1)) {
      const bare = word.replace(/[^A-Za-z]/g, "");
      const count = counts.get(bare.toLowerCase()) ?? { capital: 0, small: 0 };
      if (/^[A-Z][a-z]{2,}$/.test(bare)) count.capital++;
      else count.small++;
      counts.set(bare.toLowerCase(), count);
    }
  }
  const names = [...counts].filter(([, { capital, small }]) => capital >= 3 && capital > 9 * small);
  return new Set(names.map(([name]) => name[0].toUpperCase() + name.slice(1)));
}

/** One caption of each image, the first sentence of each pair of STS-B, and titles of Stack Overflow: five words or more. */
async function readSentences(): Promise<string[]> {
  const texts: string[] = [];
  const read = async (path: string, text: (row: Record<string, unknown>) => unknown) => {
    const rows = readJsonl(shared("data", path), (value) => value as Record<string, unknown>);
    for await (const row of rows) texts.push(String(text(row)).replace(/\s+/g, " ").trim());
  };
  for (const split of ["train", "val"]) {
    await read(`captions/${split}.jsonl`, ({ captions }) => (captions as string[])[0]);
  }
  for (const split of ["train", "dev", "test"]) {
    await read(`stsbenchmark/${split}.jsonl`, ({ sentence1 }) => sentence1);
  }
  await read("stackoverflow-titles/titles.jsonl", ({ text }) => text);
  return [...new Set(texts)].filter((text) => {
    const words = text.split(" ").length;
    return words >= 5 && words <= 40;
  });
}

/** Words that two sentences may have in common, as a share of all of theirs; of more nobody could say whether they are two. */
const COMMON = 0.5;

const STOP = new Set(
  "a an the of is are was were in on to do does i my and with for at by it this that be can from as or how what".split(
    " ",
  ),
);

/** Those that share fewer words with all before them. The index is of each one's rarest words, of which two such sentences share one. */
function apart(sentences: readonly string[]): readonly string[] {
  const bags = sentences.map((sentence) => [
    ...new Set(
      sentence
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu)
        ?.filter((word) => !STOP.has(word)),
    ),
  ]);
  const counts = new Map<string, number>();
  for (const word of bags.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  const index = new Map<string, number[]>();
  return sentences.filter((_, i) => {
    const bag = bags[i].sort((a, b) => counts.get(a)! - counts.get(b)!);
    if (bag.length < 3) return false;
    const own = new Set(bag);
    const prefix = bag.slice(0, bag.length - Math.ceil(COMMON * bag.length) + 1);
    const seen = new Set(prefix.flatMap((word) => index.get(word) ?? []));
    for (const other of seen) {
      const common = bags[other].filter((word) => own.has(word)).length;
      if (common >= COMMON * (bag.length + bags[other].length - common)) return false;
    }
    for (const word of prefix) index.set(word, [...(index.get(word) ?? []), i]);
    return true;
  });
}
