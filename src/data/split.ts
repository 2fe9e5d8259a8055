/** Splits that stay: the side of a row depends on the row, not on its place or its company. */
import { hash } from "node:crypto";
import { NearfoldError } from "../errors.ts";
import { normalizeText } from "./normalize.ts";
import type { Pair } from "./pairs.ts";

export interface SplitOptions<Side extends string> {
  readonly seed: number;
  /** How much each side gets, relative to the others: `{ train: 8, dev: 1, test: 1 }`. */
  readonly shares: Readonly<Record<Side, number>>;
}

/**
 * The side of a key, by SHA-256: the same on every machine, and kept when rows are added or removed.
 * @throws bad-argument for shares that are negative or all 0.
 */
export function splitByHash<Side extends string>(
  key: string,
  { seed, shares }: SplitOptions<Side>,
): Side {
  const sides = Object.entries<number>(shares) as [Side, number][];
  const total = sides.reduce((sum, [, share]) => sum + share, 0);
  if (!(total > 0 && Number.isFinite(total)) || sides.some(([, share]) => !(share >= 0))) {
    throw new NearfoldError("bad-argument", "not shares of a split", {
      got: JSON.stringify(shares),
      wanted: "numbers of 0 or more, one of them above 0",
    });
  }
  const place =
    (Number.parseInt(hash("sha256", `${seed}\0${key}`).slice(0, 13), 16) / 2 ** 52) * total;
  let end = 0;
  for (const [side, share] of sides) {
    end += share;
    if (place < end) return side;
  }
  // Rounding left the last border a hair below the total.
  return sides.findLast(([, share]) => share > 0)![0];
}

/**
 * Splits pairs so that no anchor and no positive (compared by `normalizeText`) stands on two sides: pairs that share
 * a text, directly or through others, stay together. Where one text joins most of the pairs, so do the sides: check the sizes.
 */
export function splitPairs<Side extends string>(
  pairs: readonly Pair[],
  options: SplitOptions<Side>,
): Readonly<Record<Side, readonly Pair[]>> {
  const groups = new Groups(pairs.length);
  const keys = pairs.map(({ anchor, positive }) => [
    normalizeText(anchor),
    normalizeText(positive),
  ]);
  const owner = new Map<string, number>();
  keys.forEach((texts, row) => {
    for (const text of texts) {
      const first = owner.get(text);
      if (first === undefined) owner.set(text, row);
      else groups.join(first, row);
    }
  });
  // The smallest text names the group, so that the order of the rows does not matter.
  const names = new Map<number, string>();
  keys.forEach((texts, row) => {
    const group = groups.find(row);
    for (const text of texts) {
      const name = names.get(group);
      if (name === undefined || text < name) names.set(group, text);
    }
  });
  const sides = Object.fromEntries(
    Object.keys(options.shares).map((side) => [side, [] as Pair[]]),
  ) as Record<Side, Pair[]>;
  pairs.forEach((pair, row) => {
    sides[splitByHash(names.get(groups.find(row))!, options)].push(pair);
  });
  return sides;
}

/** Disjoint sets of row numbers, with path halving (Tarjan and van Leeuwen 1984). */
class Groups {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, i) => i);
  }

  find(row: number): number {
    const parent = this.#parent;
    while (parent[row] !== row) {
      parent[row] = parent[parent[row]];
      row = parent[row];
    }
    return row;
  }

  join(a: number, b: number): void {
    this.#parent[this.find(a)] = this.find(b);
  }
}
