/** Pairs of captions of one picture, which are paraphrases: what the LLM of `adapt-llm` learns from. */
import { readJsonl } from "../src/data/jsonl.ts";
import type { Pair } from "../src/data/pairs.ts";
import { sequence, shuffle } from "../src/graph/rng.ts";
import { shared } from "../test/shared.ts";

export interface CaptionPairOptions {
  readonly count: number;
  readonly seed: number;
}

/** The captions of each picture of the train split. */
export function readCaptions(): Promise<string[][]> {
  const parse = (row: unknown) => (row as { readonly captions: string[] }).captions;
  return Array.fromAsync(readJsonl(shared("data/captions/train.jsonl"), parse));
}

/**
 * Two captions each of `count` pictures, drawn by the seed. No text is drawn twice: so every batch is full, and in none of them is a negative right.
 */
export function captionPairs(
  pictures: readonly (readonly string[])[],
  { count, seed }: CaptionPairOptions,
): Pair[] {
  const next = sequence(seed);
  const order = shuffle(
    Int32Array.from(pictures, (_, picture) => picture),
    next,
  );
  const drawn = new Set<string>();
  const pairs: Pair[] = [];
  for (const picture of order) {
    if (pairs.length === count) return pairs;
    const [anchor, positive] = shuffle([...new Set(pictures[picture]).difference(drawn)], next);
    if (positive === undefined) continue;
    drawn.add(anchor).add(positive);
    pairs.push({ anchor, positive, negatives: [] });
  }
  if (pairs.length === count) return pairs;
  throw new Error(`${pictures.length} pictures give ${pairs.length} pairs, not ${count}`);
}
