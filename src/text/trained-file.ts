/** What both trainers share: their options, the counting of words, and the files around a learnt vocabulary. */
import { NearfoldError } from "../errors.ts";
import { checkTokenizerFile, type Json } from "./tokenizer-file.ts";
import { createWordSplitter } from "./word-splitter.ts";

export interface TrainTokenizerOptions {
  /** Tokens at most, special tokens and single characters included. */
  readonly vocabSize?: number;
  /** Words and pairs that occur less often become no tokens. @default 2 */
  readonly minFrequency?: number;
  /** The five special tokens, which take the first ids in this order. @default `[PAD]` `[UNK]` `[CLS]` `[SEP]` `[MASK]` */
  readonly specialTokens?: SpecialTokens;
  /** Whether a text is wrapped in `cls` and `sep`, as BERT has it. Static models want it off. @default true */
  readonly wrap?: boolean;
  /** `model_max_length` written into the configuration, in tokens. @default 512 */
  readonly maxLength?: number;
}

export interface SpecialTokens {
  readonly pad: string;
  readonly unk: string;
  readonly cls: string;
  readonly sep: string;
  readonly mask: string;
}

export const BERT_TOKENS: SpecialTokens = {
  pad: "[PAD]",
  unk: "[UNK]",
  cls: "[CLS]",
  sep: "[SEP]",
  mask: "[MASK]",
};

export interface TrainedTokenizer {
  /** What `tokenizer.json` holds. */
  readonly tokenizerJson: Json;
  /** What `tokenizer_config.json` holds. */
  readonly tokenizerConfig: Json;
}

/** The parts of `tokenizer.json` that a trainer decides on. */
export interface TokenizerParts {
  readonly normalizer: Json | null;
  readonly pre_tokenizer: Json;
  readonly decoder: Json;
}

/** `tokenizer.json` and `tokenizer_config.json` around a model; `model.vocab` begins with the special tokens. */
export function toTrainedTokenizer(
  parts: TokenizerParts,
  model: Json,
  { specialTokens = BERT_TOKENS, wrap = true, maxLength = 512 }: TrainTokenizerOptions,
): TrainedTokenizer {
  const { pad, unk, cls, sep, mask } = specialTokens;
  return {
    tokenizerJson: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens(specialTokens),
      normalizer: parts.normalizer,
      pre_tokenizer: parts.pre_tokenizer,
      post_processor: wrap ? wrapping(specialTokens) : null,
      decoder: parts.decoder,
      model,
    },
    tokenizerConfig: {
      // The class that reads tokenizer.json as it is; BertTokenizer would put a normalizer of its own in its place.
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: maxLength,
      model_input_names: ["input_ids", "attention_mask"],
      clean_up_tokenization_spaces: false,
      pad_token: pad,
      unk_token: unk,
      cls_token: cls,
      sep_token: sep,
      mask_token: mask,
    },
  };
}

/**
 * Counts the words of all texts as the finished tokenizer will cut them, special tokens in the text left out.
 * @throws bad-input when there is none.
 */
export function countWords(
  texts: Iterable<string>,
  parts: TokenizerParts,
  specialTokens: SpecialTokens,
): Map<string, number> {
  const file = checkTokenizerFile(
    { ...parts, model: { vocab: {} }, added_tokens: addedTokens(specialTokens) },
    "the tokenizer in training",
  );
  const wordsOf = createWordSplitter(file);
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of wordsOf(text)) {
      if (typeof word === "string") counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  if (counts.size > 0) return counts;
  throw new NearfoldError("bad-input", "a tokenizer needs text to be trained on", {
    got: "no words",
  });
}

/**
 * Checks what a caller may get wrong; gives the special tokens as a list, in the order of their ids.
 * @throws bad-argument
 */
export function checkTrainOptions(
  vocabSize: number,
  minFrequency: number,
  specialTokens: SpecialTokens,
  smallest: number,
): readonly string[] {
  if (!Number.isInteger(vocabSize) || vocabSize < smallest) {
    const [got, wanted] = [`${vocabSize}`, `an integer of at least ${smallest}`];
    throw new NearfoldError("bad-argument", "vocabSize has no room for the characters", {
      got,
      wanted,
    });
  }
  if (!Number.isInteger(minFrequency) || minFrequency < 1) {
    const [got, wanted] = [`${minFrequency}`, "an integer of at least 1"];
    throw new NearfoldError("bad-argument", "minFrequency is no count", { got, wanted });
  }
  const { pad, unk, cls, sep, mask } = specialTokens;
  const list = [pad, unk, cls, sep, mask];
  if (new Set(list).size < list.length || list.some((token) => [...token].length < 2)) {
    const [got, wanted] = [list.join(" "), "five different tokens of two characters or more"];
    throw new NearfoldError("bad-argument", "special tokens that cannot be told apart", {
      got,
      wanted,
    });
  }
  return list;
}

function addedTokens({ pad, unk, cls, sep, mask }: SpecialTokens): readonly Json[] {
  return [pad, unk, cls, sep, mask].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
}

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`; ids as in `addedTokens`. */
function wrapping({ cls, sep }: SpecialTokens): Json {
  const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const single = [special(cls, 0), text("A", 0), special(sep, 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special(sep, 1)],
    special_tokens: {
      [cls]: { id: cls, ids: [2], tokens: [cls] },
      [sep]: { id: sep, ids: [3], tokens: [sep] },
    },
  };
}
