/** The one place that imports `@huggingface/tokenizers`: what is used of it, typed (its own types do not resolve under NodeNext). */
import * as huggingFace from "@huggingface/tokenizers";
import type { Json, TokenizerFile } from "./tokenizer-file.ts";

/** A vocabulary and the way to cut words into its tokens. */
export interface LibraryModel {
  (words: readonly string[]): string[];
  readonly config: Json;
  /** Token of each id. */
  readonly vocab: readonly string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id?: number | null;
}

export interface LibraryPostProcessor {
  post_process(
    tokens: readonly string[],
    pair: readonly string[] | null,
    addSpecialTokens: boolean,
  ): { readonly tokens: readonly string[]; readonly token_type_ids?: readonly number[] };
}

/** The parts that `tokenizer.json` describes, built. */
export interface LibraryTokenizer {
  readonly model: LibraryModel;
  readonly post_processor: LibraryPostProcessor | null;
  readonly decoder: { decode(tokens: readonly string[]): string } | null;
}

interface Library {
  Tokenizer: new (file: TokenizerFile, config: Json) => LibraryTokenizer;
  SequenceNormalizer: new (config: Json) => { normalize(text: string): string };
  SequencePreTokenizer: new (
    config: Json,
  ) => { pre_tokenize_text(text: string, options: { section_index: number }): string[] };
}

const library = huggingFace as unknown as Library;

/** Builds all parts. @throws whatever the library throws at what it does not know. */
export function buildTokenizer(file: TokenizerFile, config: Json): LibraryTokenizer {
  return new library.Tokenizer(file, config);
}

/** The library's own normalizer for an entry. Its factory is not exported; a sequence of one calls it. */
export function buildNormalizer(config: Json): (text: string) => string {
  const sequence = new library.SequenceNormalizer({ type: "Sequence", normalizers: [config] });
  return (text) => sequence.normalize(text);
}

/** The library's own pre-tokenizer for an entry, in the same way. */
export function buildPreTokenizer(config: Json): (text: string, section: number) => string[] {
  const sequence = new library.SequencePreTokenizer({ type: "Sequence", pretokenizers: [config] });
  return (text, section) => sequence.pre_tokenize_text(text, { section_index: section });
}
