/**
 * Byte-pair encoding's training loop (Sennrich et al., arXiv:1508.07909, algorithm 1) with counts kept up to date: a merge touches only the words
 * that hold the pair, and a heap gives the next one.
 */

/** A word as the pieces it consists of at first, and how often it occurs. */
export interface CountedWord {
  readonly pieces: readonly string[];
  readonly count: number;
}

export interface Merge {
  readonly left: string;
  readonly right: string;
  readonly token: string;
  /** Occurrences of the pair when it was merged. */
  readonly count: number;
}

interface Word {
  ids: number[];
  readonly count: number;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  /** Places in the list of words; a word may be listed twice, or hold the pair no more. */
  readonly words: number[];
}

/** Pieces are numbered below this, so two numbers fit in one exact key. */
const MAX_PIECES = 2 ** 26;

/**
 * Yields merges, most frequent pair first, until no pair occurs `minFrequency` times. Among equals the pair whose pieces were known
 * earlier goes first (first pieces are known in the order of their code units), so the order of `words` does not matter.
 * `join` writes the token of two pieces.
 */
export function* learnMerges(
  words: Iterable<CountedWord>,
  {
    minFrequency,
    join,
  }: { readonly minFrequency: number; join(left: string, right: string): string },
): Generator<Merge, void, void> {
  const { tokens, numbered } = number(words);
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const pairs = new Map<number, Pair>();
  for (const [at, { ids, count }] of numbered.entries()) {
    for (let i = 1; i < ids.length; i++) add(pairs, ids[i - 1], ids[i], count, at);
  }
  const heap = new PairHeap();
  for (const pair of pairs.values()) if (pair.count >= minFrequency) heap.push(pair, pair.count);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const { pair } = top;
    // Counts fall while a pair waits: it goes back with its present one.
    if (pair.count !== top.count) {
      if (pair.count >= minFrequency) heap.push(pair, pair.count);
      continue;
    }
    const [left, right] = [tokens[pair.left], tokens[pair.right]];
    const token = join(left, right);
    let id = idOf.get(token);
    if (id === undefined) {
      id = tokens.push(token) - 1;
      idOf.set(token, id);
    }
    const { count } = pair;
    for (const grown of merge(pair, id, numbered, pairs)) {
      if (grown.count >= minFrequency) heap.push(grown, grown.count);
    }
    yield { left, right, token, count };
  }
}

/** Gives the first pieces their numbers, in the order of their code units. */
function number(words: Iterable<CountedWord>): { tokens: string[]; numbered: Word[] } {
  const list = [...words];
  const seen = new Set<string>();
  for (const { pieces } of list) for (const piece of pieces) seen.add(piece);
  const tokens = [...seen].sort();
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  return {
    tokens,
    numbered: list.map(({ pieces, count }) => ({
      ids: pieces.map((piece) => idOf.get(piece)!),
      count,
    })),
  };
}

function add(
  pairs: Map<number, Pair>,
  left: number,
  right: number,
  count: number,
  at: number,
): Pair {
  const key = left * MAX_PIECES + right;
  let pair = pairs.get(key);
  if (pair === undefined) {
    pair = { left, right, count: 0, words: [] };
    pairs.set(key, pair);
  }
  pair.count += count;
  if (count > 0 && pair.words.at(-1) !== at) pair.words.push(at);
  return pair;
}

/** Replaces the pair in all words; the pairs that became more frequent. */
function merge(
  pair: Pair,
  id: number,
  words: readonly Word[],
  pairs: Map<number, Pair>,
): Set<Pair> {
  const { left, right } = pair;
  const grown = new Set<Pair>();
  for (const at of pair.words) {
    const word = words[at];
    const { ids: old, count } = word;
    const ids: number[] = [];
    for (let i = 0; i < old.length; i++) {
      if (old[i] !== left || old[i + 1] !== right) {
        ids.push(old[i]);
        continue;
      }
      const before = ids.at(-1);
      const after = old[i + 2];
      if (before !== undefined) {
        add(pairs, before, left, -count, at);
        grown.add(add(pairs, before, id, count, at));
      }
      if (after !== undefined) {
        add(pairs, right, after, -count, at);
        grown.add(add(pairs, id, after, count, at));
      }
      ids.push(id);
      i++;
    }
    word.ids = ids;
  }
  pairs.delete(left * MAX_PIECES + right);
  pair.count = 0;
  return grown;
}

interface Waiting {
  readonly pair: Pair;
  readonly count: number;
}

/** A binary heap: highest count first, then the earlier left piece, then the earlier right one. */
class PairHeap {
  readonly #items: Waiting[] = [];

  push(pair: Pair, count: number): void {
    const items = this.#items;
    const item = { pair, count };
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!precedes(item, items[parent])) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop(): Waiting | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && precedes(items[child + 1], items[child])) child++;
      if (!precedes(items[child], last)) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return top;
  }
}

function precedes(a: Waiting, b: Waiting): boolean {
  if (a.count !== b.count) return a.count > b.count;
  if (a.pair.left !== b.pair.left) return a.pair.left < b.pair.left;
  return a.pair.right < b.pair.right;
}
