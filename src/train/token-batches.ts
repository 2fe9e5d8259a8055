import { batches } from "../data/batches.ts";
import type { Pair } from "../data/pairs.ts";
import { NearfoldError } from "../errors.ts";
import type { Model, Role } from "../models/model.ts";
import type { TokenBatch } from "./gradients.ts";

export interface TokenBatches {
  readonly totalSteps: number;
  /** Anchor, positive and as many hard negatives as every pair has. */
  readonly columns: number;
  readonly distinctTexts: number;
  readonly truncated: number;
  /** Of each text once. */
  readonly tokens: number;
  /** The batch of a step, from 0: a pure function of the seed. */
  batch(step: number): {
    readonly epoch: number;
    readonly batch: TokenBatch;
    readonly tokens: number;
  };
}

interface Options {
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly noDuplicates: boolean;
}

/** Batches too small to hold a negative teach nothing. */
const SMALLEST = 2;

/** Tokenizes each distinct text once and says which make up each step. */
export function tokenBatches(model: Model, pairs: readonly Pair[], options: Options): TokenBatches {
  if (pairs.length < SMALLEST) {
    throw new NearfoldError("bad-input", "too few pairs to train on", {
      got: `${pairs.length}`,
      wanted: `at least ${SMALLEST}: the other pairs of a batch are the negatives`,
    });
  }
  const negatives = pairs.reduce((least, pair) => Math.min(least, pair.negatives.length), 32);
  const texts = encodeTexts(model);
  const rows = pairs.map(({ anchor, positive, negatives: hard }) => [
    texts.number(anchor, "query"),
    texts.number(positive, "document"),
    ...hard.slice(0, negatives).map((text) => texts.number(text, "document")),
  ]);
  const epochs = Array.from({ length: options.epochs }, (_, epoch) =>
    batches(pairs, { ...options, epoch }).filter((batch) => batch.length >= SMALLEST),
  );
  const steps = epochs.flatMap((list, epoch) => list.map((batch) => ({ epoch, batch })));
  const columns = 2 + negatives;
  return {
    totalSteps: steps.length,
    columns,
    distinctTexts: texts.sequences.length,
    truncated: texts.truncated(),
    tokens: texts.sequences.reduce((sum, { length }) => sum + length, 0),
    batch: (step) => {
      const { epoch, batch } = steps[step];
      const identity = new Int32Array(columns * batch.length);
      for (let column = 0; column < columns; column++) {
        batch.forEach((row, i) => {
          identity[column * batch.length + i] = rows[row][column];
        });
      }
      const sequences = Array.from(identity, (text) => texts.sequences[text]);
      const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
      return { epoch, batch: { sequences, identity }, tokens };
    },
  };
}

/** Numbers texts and encodes each once; the same text as query and as document is two when prompts tell them apart. */
function encodeTexts({ tokenizer, prompts, maxTokens, name }: Model) {
  const numbers = new Map<string, number>();
  const sequences: Int32Array[] = [];
  let truncated = 0;
  return {
    sequences,
    truncated: () => truncated,
    number: (text: string, role: Role): number => {
      const whole = prompts[role] + text;
      const known = numbers.get(whole);
      if (known !== undefined) return known;
      const { ids, truncated: cut } = tokenizer.encode(whole, { maxLength: maxTokens });
      if (ids.length === 0) {
        throw new NearfoldError("bad-input", "a text has no token the model knows", {
          at: name,
          got: JSON.stringify(text.slice(0, 60)),
        });
      }
      truncated += cut ? 1 : 0;
      sequences.push(ids);
      numbers.set(whole, sequences.length - 1);
      return sequences.length - 1;
    },
  };
}
