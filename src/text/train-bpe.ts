/** Training of byte-level BPE: no text is unknown to it. */
import { type CountedWord, learnMerges } from "./learn-merges.ts";
import { BYTE_CHARACTERS } from "./pre-tokenizer.ts";
import {
  BERT_TOKENS,
  checkTrainOptions,
  countWords,
  type TokenizerParts,
  type TrainedTokenizer,
  type TrainTokenizerOptions,
  toTrainedTokenizer,
} from "./trained-file.ts";

const parts: TokenizerParts = {
  normalizer: null,
  pre_tokenizer: {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  },
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
};

/**
 * Learns a byte-level BPE tokenizer with GPT-2's word borders (Radford et al. 2019; huggingface/tokenizers BpeTrainer).
 * All 256 bytes are tokens, so every text round-trips. The same texts, in any order, give the same bytes.
 * `vocabSize` defaults to 32,000. The vocabulary is smaller where the texts have too few frequent pairs.
 * @throws bad-argument, and bad-input where the texts hold no word.
 */
export function trainBpe(
  texts: Iterable<string>,
  options: TrainTokenizerOptions = {},
): TrainedTokenizer {
  const { vocabSize = 32_000, minFrequency = 2, specialTokens = BERT_TOKENS } = options;
  const special = checkTrainOptions(vocabSize, minFrequency, specialTokens, 5 + 256);
  const words: CountedWord[] = [];
  for (const [word, count] of countWords(texts, parts, specialTokens)) {
    words.push({ pieces: [...word], count });
  }
  const tokens = new Set([...special, ...[...BYTE_CHARACTERS].sort()]);
  const merges: [string, string][] = [];
  if (tokens.size < vocabSize) {
    for (const { left, right, token } of learnMerges(words, {
      minFrequency,
      join: (a, b) => a + b,
    })) {
      // A merge whose token is spelt like a special one would give it a second id.
      if (special.includes(token)) continue;
      merges.push([left, right]);
      tokens.add(token);
      if (tokens.size >= vocabSize) break;
    }
  }
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
    merges,
  };
  return toTrainedTokenizer(parts, model, options);
}
