/** Hard negatives: texts that the model takes for matches and that are none. */
import type { Pair } from "../data/pairs.ts";
import type { Encoder } from "../encoder/index.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { sequence } from "../graph/rng.ts";
import type { VectorStore } from "../stores/index.ts";
import { type Anchor, groupByAnchor } from "./anchors.ts";
import { type SelectionOptions, type Settings, withDefaults } from "./options.ts";
import { type MiningReport, Tally } from "./report.ts";
import { BLOCK, type Search, searchStore, searchTexts, type Texts } from "./search.ts";
import { selectNegatives } from "./select.ts";
import type { MiningProgress, Work } from "./work.ts";

/** Where candidates come from: texts, read once, or a store whose payloads hold `text`, as those of `nearfold index` do. */
export type CandidateSource = { readonly texts: Texts } | { readonly store: VectorStore };

export interface MineOptions extends SelectionOptions {
  /** @default the positives of all pairs */
  readonly candidates?: CandidateSource;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MiningProgress) => void;
}

/** A pair and the hard negatives found for it. */
export interface MinedPair extends Pair {
  /** By the mining model: of the positive, then of each negative. */
  readonly scores: readonly number[];
}

/**
 * Finds hard negatives for pairs, anchor by anchor; they take the place of a pair's own. Anchors are encoded as queries, the rest as documents.
 * In memory are the vectors of the anchors and their nearest candidates, `rangeMax` and what is known to match; the other texts pass by in a
 * stream, or stay in their store.
 * @returns at the end, what was seen
 * @throws bad-argument naming the option; bad-input without pairs, or for a store without texts; mismatch for a store of another space;
 * too-large; aborted; as `encode`
 */
export async function* mine(
  encoder: Encoder,
  pairs: readonly Pair[],
  { candidates: source, signal, onProgress = () => {}, ...selection }: MineOptions = {},
): AsyncGenerator<MinedPair, MiningReport, void> {
  const settings = withDefaults(selection);
  if (pairs.length === 0) throw new NearfoldError("bad-input", "there are no pairs to mine for");
  const groups = groupByAnchor(pairs);
  const work: Work = { encoder, ...groups, rangeMax: settings.rangeMax, signal, onProgress };
  await using search =
    source && "store" in source
      ? await searchStore(work, source.store)
      : await searchTexts(work, source?.texts);
  const tally = new Tally();
  for (let first = 0; first < groups.anchors.length; first += BLOCK) {
    throwIfAborted(signal, "mining");
    const anchors = groups.anchors.slice(first, first + BLOCK);
    yield* choose(anchors, first, search, settings, tally);
    onProgress({
      stage: "negatives",
      done: first + anchors.length,
      total: groups.anchors.length,
    });
  }
  return tally.report();
}

/** Mines to the end and returns what was seen; `onPair` gets the pairs. What is stopped on the way is closed. */
export async function mineToEnd(
  mining: AsyncGenerator<MinedPair, MiningReport, void>,
  onPair: (pair: MinedPair) => Promise<void> | void,
): Promise<MiningReport> {
  await using closing = new AsyncDisposableStack();
  closing.use(mining);
  for (;;) {
    const { value, done } = await mining.next();
    if (done) return value;
    await onPair(value);
  }
}

/** The pairs of some anchors with their negatives. */
async function* choose(
  anchors: readonly Anchor[],
  first: number,
  search: Search,
  settings: Settings,
  tally: Tally,
): AsyncGenerator<MinedPair, void, void> {
  const found = await search.nearest(first, anchors.length);
  for (const [i, { text: anchor, rows }] of anchors.entries()) {
    const scores = search.positiveScores(first + i);
    const positives = rows.map(({ pair }) => pair.positive);
    const positiveScore = Math.min(...scores);
    const match = { anchor, positives, positiveScore };
    const next = sequence(settings.seed, first + i);
    const selection = selectNegatives(found[i], match, settings, next);
    tally.addAnchor(match, positives[scores.indexOf(positiveScore)], selection);
    const { negatives } = selection;
    const enough = negatives.length >= settings.minNegatives;
    for (const [row, { pair }] of rows.entries()) {
      tally.addPair(scores[row], pair.negatives.length > 0, enough ? negatives : undefined);
      if (!enough) continue;
      yield {
        anchor: pair.anchor,
        positive: pair.positive,
        negatives: negatives.map(({ text }) => text),
        scores: [scores[row], ...negatives.map(({ score }) => score)],
      };
    }
  }
}
