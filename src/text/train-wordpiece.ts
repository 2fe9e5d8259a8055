/** Training of WordPiece, with whole words first where a model wants them. */
import { NearfoldError } from "../errors.ts";
import { type CountedWord, learnMerges } from "./learn-merges.ts";
import { IDENTIFIER_BORDERS, PUNCTUATION_MARK } from "./safe-prefix.ts";
import {
  BERT_TOKENS,
  checkTrainOptions,
  countWords,
  type TokenizerParts,
  type TrainedTokenizer,
  type TrainTokenizerOptions,
  toTrainedTokenizer,
} from "./trained-file.ts";

export interface TrainWordPieceOptions extends TrainTokenizerOptions {
  /** Whether case and accents are dropped. @default true */
  readonly lowercase?: boolean;
  /** Whether words are also cut at case and digits: `getElementById` is `get element by id`. @default false */
  readonly splitIdentifiers?: boolean;
  /** Whether punctuation is left out instead of being words of its own: right for bags of words. @default false */
  readonly dropPunctuation?: boolean;
  /**
   * Share of the vocabulary, after special tokens and characters, given to the most frequent words as they are; the pieces in
   * the rest are then learnt on the other words. A static embedder does best near 1. @default 0
   */
  readonly wholeWords?: number;
  /** Characters beyond ASCII that become tokens, most frequent first. @default 1000 */
  readonly alphabetSize?: number;
}

const PREFIX = "##";
/** As the reference has it: a longer word is unknown. */
const MAX_WORD_CHARS = 100;

/**
 * Learns a WordPiece tokenizer with BERT's normalizer and word borders. Pieces are learnt by pair counts
 * (huggingface/tokenizers WordPieceTrainer), words are cut by longest match (Schuster and Nakajima 2012; Devlin et al., arXiv:1810.04805).
 * All of printable ASCII is in the vocabulary, so no ASCII word of up to 100 characters is unknown. The same texts, in any order, give the
 * same bytes. `vocabSize` defaults to 30,522; the vocabulary is smaller where the texts have too few frequent words and pairs.
 * @throws bad-argument, and bad-input where the texts hold no word.
 */
export function trainWordPiece(
  texts: Iterable<string>,
  options: TrainWordPieceOptions = {},
): TrainedTokenizer {
  const { vocabSize = 30_522, minFrequency = 2, specialTokens = BERT_TOKENS } = options;
  const { lowercase = true, wholeWords = 0, alphabetSize = 1000 } = options;
  const ascii = asciiPieces(lowercase);
  const special = checkTrainOptions(vocabSize, minFrequency, specialTokens, 5 + ascii.length);
  if (!(wholeWords >= 0 && wholeWords <= 1)) {
    const [got, wanted] = [`${wholeWords}`, "0 to 1"];
    throw new NearfoldError("bad-argument", "wholeWords is no share", { got, wanted });
  }
  const parts = partsOf(options);
  const counted = byFrequency(countWords(texts, parts, specialTokens));
  const words = counted.map(([word, count]): CountedWord => ({ pieces: piecesOf(word), count }));
  const short = words.filter(({ pieces }) => pieces.length <= MAX_WORD_CHARS);
  const room = Math.min(alphabetSize, vocabSize - special.length - ascii.length);
  const tokens = new Set([
    ...special,
    ...[...ascii, ...rarePieces(short, new Set(ascii), room)].sort(),
  ]);

  const share = Math.floor((vocabSize - tokens.size) * wholeWords);
  const frequent = share === 0 ? 0 : short.findIndex(({ count }) => count < minFrequency);
  const whole = short
    .slice(0, frequent < 0 ? short.length : frequent)
    .filter(({ pieces }) => pieces.length > 1);
  for (const { pieces } of whole.slice(0, share)) tokens.add(pieces.reduce(join));
  const others = short.filter(({ pieces }) => !tokens.has(pieces.reduce(join)));
  for (const { token } of tokens.size < vocabSize
    ? learnMerges(others, { minFrequency, join })
    : []) {
    tokens.add(token);
    if (tokens.size >= vocabSize) break;
  }
  const model = {
    type: "WordPiece",
    unk_token: specialTokens.unk,
    continuing_subword_prefix: PREFIX,
    max_input_chars_per_word: MAX_WORD_CHARS,
    vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
  };
  return toTrainedTokenizer(parts, model, options);
}

/** Letters are parted before they are lowered: the borders are zero-width matches, a space goes in each. */
function partsOf({
  lowercase = true,
  splitIdentifiers = false,
  dropPunctuation = false,
}: TrainWordPieceOptions): TokenizerParts {
  const bert = {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase,
  };
  const borders = { type: "Replace", pattern: { Regex: IDENTIFIER_BORDERS }, content: " " };
  const split = { type: "BertPreTokenizer" };
  // Not the Punctuation pre-tokenizer: transformers.js keeps the marks that its behavior says to remove.
  const drop = {
    type: "Split",
    pattern: { Regex: PUNCTUATION_MARK },
    behavior: "Removed",
    invert: false,
  };
  return {
    normalizer: splitIdentifiers ? { type: "Sequence", normalizers: [borders, bert] } : bert,
    pre_tokenizer: dropPunctuation ? { type: "Sequence", pretokenizers: [drop, split] } : split,
    decoder: { type: "WordPiece", prefix: PREFIX, cleanup: true },
  };
}

/** Printable ASCII as first pieces, letters and digits as continuing ones too: punctuation is a word of its own. */
function asciiPieces(lowercase: boolean): string[] {
  const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(
    (character) => !lowercase || character === character.toLowerCase(),
  );
  const continuing = characters.filter((character) => /[a-z0-9]/i.test(character));
  return [...characters, ...continuing.map((character) => PREFIX + character)];
}

function piecesOf(word: string): string[] {
  return Array.from(word, (character, i) => (i === 0 ? character : PREFIX + character));
}

function join(left: string, right: string): string {
  return left + right.slice(PREFIX.length);
}

/** The most frequent first pieces that are not in `known`. */
function rarePieces(
  words: readonly CountedWord[],
  known: ReadonlySet<string>,
  room: number,
): string[] {
  const counts = new Map<string, number>();
  for (const { pieces, count } of words) {
    for (const piece of pieces) {
      if (!known.has(piece)) counts.set(piece, (counts.get(piece) ?? 0) + count);
    }
  }
  return byFrequency(counts)
    .slice(0, room)
    .map(([piece]) => piece);
}

/** Most frequent first; among equals in the order of their code units. */
function byFrequency(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
