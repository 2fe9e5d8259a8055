/** Sketches of a stream of texts, made by threads of their own. */
import { openWorkerCalls } from "../../worker-calls.ts";
import { PackedLists } from "./packed-lists.ts";
import type { Sketch, SketchOptions } from "./sketch.ts";
import { WordCounts } from "./words.ts";

/** The sketches of some texts in four pieces of memory, which cross threads without a copy. */
export interface SketchedPart {
  /** `[texts, bands]`; a text without shingles has zeros. */
  readonly keys: Uint32Array;
  /** End to end. */
  readonly shingles: Uint32Array;
  readonly words: Uint32Array;
  /** `[texts, 2]`: how many shingles, how many numbers of words. */
  readonly lengths: Uint32Array;
}

export function packSketches(
  sketches: readonly Sketch[],
  { bands }: Pick<SketchOptions, "bands">,
): SketchedPart {
  const keys = new Uint32Array(sketches.length * bands);
  const lengths = new Uint32Array(2 * sketches.length);
  sketches.forEach((sketch, i) => {
    keys.set(sketch.keys, i * bands);
    lengths[2 * i] = sketch.shingles.length;
    lengths[2 * i + 1] = sketch.words.length;
  });
  const joined = (lists: readonly Uint32Array[]) => {
    const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const list of lists) {
      all.set(list, at);
      at += list.length;
    }
    return all;
  };
  return {
    keys,
    lengths,
    shingles: joined(sketches.map(({ shingles }) => shingles)),
    words: joined(sketches.map(({ words }) => words)),
  };
}

/** What is known of all texts, by their numbers. */
export interface Sketches {
  /** `[bands]` each. */
  readonly keys: PackedLists;
  readonly shingles: PackedLists;
  readonly words: PackedLists;
  readonly counts: WordCounts;
}

/** Texts that cross at once. */
const PART = 1024;

/** Takes texts in their order. Close with `await using`. */
export interface Sketchers extends AsyncDisposable {
  /** Waits while the threads have enough to do. */
  push(text: string): Promise<void>;
  /** Waits for all. */
  finish(): Promise<Sketches>;
}

/** @param threads each has two parts at most ahead of it */
export async function openSketchers(options: SketchOptions, threads: number): Promise<Sketchers> {
  await using stack = new AsyncDisposableStack();
  const url = new URL("./sketch-worker", import.meta.url);
  const workers = await Promise.all(
    Array.from({ length: threads }, async () =>
      stack.use(await openWorkerCalls<true, readonly string[], SketchedPart>(url, options)),
    ),
  );
  const made: Sketches = {
    keys: new PackedLists(),
    shingles: new PackedLists(),
    words: new PackedLists(),
    counts: new WordCounts(),
  };
  const waiting: Promise<SketchedPart>[] = [];
  let texts: string[] = [];
  let parts = 0;
  const send = () => {
    const answer = workers[parts++ % threads].call(texts);
    // What goes wrong is said where the part is taken.
    answer.catch(() => {});
    waiting.push(answer);
    texts = [];
  };
  const takeFirst = async () => add(made, await waiting.shift()!, options);
  const opened = stack.move();
  return {
    push: async (text) => {
      texts.push(text);
      if (texts.length < PART) return;
      send();
      while (waiting.length > 2 * threads) await takeFirst();
    },
    finish: async () => {
      if (texts.length > 0) send();
      while (waiting.length > 0) await takeFirst();
      return made;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function add(
  made: Sketches,
  { keys, shingles, words, lengths }: SketchedPart,
  { bands }: Pick<SketchOptions, "bands">,
): void {
  let [shingle, word] = [0, 0];
  for (let i = 0; 2 * i < lengths.length; i++) {
    const own = words.subarray(word, word + lengths[2 * i + 1]);
    made.keys.push(keys.subarray(i * bands, (i + 1) * bands));
    made.shingles.push(shingles.subarray(shingle, shingle + lengths[2 * i]));
    made.words.push(own);
    made.counts.add(own);
    shingle += lengths[2 * i];
    word += lengths[2 * i + 1];
  }
}
