/** How much a token counts in a bag of them: the rarer, the more. */
import type { Tokenizer } from "../text/index.ts";

/** The share of each token id in texts, one added to each count: unseen ones are rare, not absent. */
export function tokenFrequencies(tokenizer: Tokenizer, texts: Iterable<string>): Float64Array {
  const counts = new Float64Array(tokenizer.vocabSize).fill(1);
  for (const text of texts) for (const id of tokenizer.encode(text).ids) counts[id]++;
  return normalized(counts);
}

/**
 * Shares by Zipf's law, where the ids of a vocabulary are in the order of their frequency: 1 / (id + 2). So model2vec has it
 * (distill/distillation.py, `_post_process_embeddings`).
 */
export function zipfFrequencies(vocabSize: number): Float64Array {
  return normalized(Float64Array.from({ length: vocabSize }, (_, id) => 1 / (id + 2)));
}

/** Smooth inverse frequency, `a / (a + p)` (Arora, Liang and Ma, ICLR 2017, eq. 3). @param a at which frequency a token counts half */
export function inverseFrequency(frequencies: Float64Array, a: number): Float64Array {
  return frequencies.map((p) => a / (a + p));
}

function normalized(counts: Float64Array): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}
