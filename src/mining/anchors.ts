/** Pairs by anchor: what one anchor matches is known together. */
import { normalizeText } from "../data/normalize.ts";
import type { Pair } from "../data/pairs.ts";

export interface Row {
  readonly pair: Pair;
  /** Number of its text in `Anchors.positives`. */
  readonly positive: number;
}

export interface Anchor {
  /** As its first pair spells it. */
  readonly text: string;
  /** Its pairs, each once, in their order. */
  readonly rows: readonly Row[];
}

export interface Anchors {
  /** In the order of their first pairs. */
  readonly anchors: readonly Anchor[];
  /** Distinct texts, in order. */
  readonly positives: readonly string[];
}

/** Groups pairs whose anchors are equal by `normalizeText`; a pair that stands there twice counts once. */
export function groupByAnchor(pairs: readonly Pair[]): Anchors {
  const anchors = new Map<string, { text: string; rows: Row[]; seen: Set<string> }>();
  const positives = new Map<string, number>();
  for (const pair of pairs) {
    const key = normalizeText(pair.anchor);
    const anchor = anchors.get(key) ?? { text: pair.anchor, rows: [], seen: new Set() };
    anchors.set(key, anchor);
    const match = normalizeText(pair.positive);
    if (anchor.seen.has(match)) continue;
    anchor.seen.add(match);
    const positive = positives.get(pair.positive) ?? positives.size;
    positives.set(pair.positive, positive);
    anchor.rows.push({ pair, positive });
  }
  return {
    anchors: [...anchors.values()].map(({ text, rows }) => ({ text, rows })),
    positives: [...positives.keys()],
  };
}
