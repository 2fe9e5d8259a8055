/** A Hugging Face `tokenizer.json`, as exact as the Rust library on it. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import { buildTokenizer, type LibraryTokenizer } from "./library.ts";
import { createNormalizer } from "./normalizer.ts";
import { hasSafePrefixes, prefixEnd } from "./safe-prefix.ts";
import { fillTemplate, shareRoom, type TemplateItem, templateOf } from "./template.ts";
import {
  checkTokenizerFile,
  isObject,
  type Json,
  MAX_FILE_BYTES,
  parseJsonObject,
  type TokenizerFile,
} from "./tokenizer-file.ts";
import type { TrainedTokenizer } from "./trained-file.ts";
import { createWordEncoder, marksBeginTokens, type WordEncoder } from "./word-encoder.ts";
import { createWordSplitter } from "./word-splitter.ts";

export type TruncateSide = "right" | "left";

export interface EncodeOptions {
  /** Most ids, special tokens included. @default unlimited */
  readonly maxLength?: number;
  /** Which end of what is too long is lost; to lose the beginning, all of a text is read. @default right */
  readonly truncateSide?: TruncateSide;
  /** Whether the post-processor's special tokens are put around the text. @default true */
  readonly addSpecialTokens?: boolean;
}

export interface Encoding {
  readonly ids: Int32Array<ArrayBuffer>;
  /** Whether tokens were left out to fit `maxLength`. */
  readonly truncated: boolean;
  /** Ids before truncation. Of a truncated long text only the beginning is read: then at least so many. */
  readonly tokenCount: number;
}

export interface PairEncoding extends Encoding {
  /** 0 for the first text and 1 for the second, as the post-processor says. */
  readonly typeIds: Int32Array<ArrayBuffer>;
}

export interface Tokenizer {
  /**
   * Ids of a text. Safe for texts of any size: with `maxLength` only as much is read as the result needs.
   * @throws bad-argument where the special tokens alone exceed `maxLength`.
   */
  encode(text: string, options?: EncodeOptions): Encoding;
  /** Ids of two texts in one sequence; past `maxLength` the longer one gives way first, at its end. */
  encodePair(
    first: string,
    second: string,
    options?: Omit<EncodeOptions, "truncateSide">,
  ): PairEncoding;
  /** Text of ids. @throws bad-argument for an id outside of the vocabulary. */
  decode(
    ids: Iterable<number>,
    options?: { /** @default true */ readonly skipSpecialTokens?: boolean },
  ): string;
  /** The token of an id, as it is written in the vocabulary. */
  idToToken(id: number): string | undefined;
  tokenToId(token: string): number | undefined;
  /** Rows that an embedding table needs: the largest id + 1. */
  readonly vocabSize: number;
  /** Id of the padding token, where there is one. */
  readonly padId: number | undefined;
  /** Special tokens and their ids, in the order of the file. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** `model_max_length` of the configuration, where it is a real bound. */
  readonly maxLength: number | undefined;
  /** The texts of `tokenizer.json` and `tokenizer_config.json`, for saving. */
  readonly json: string;
  readonly config: string;
  /** SHA-256 of `json`, in hex. */
  readonly fingerprint: string;
}

/**
 * Reads `tokenizer.json` and, where it is there, `tokenizer_config.json` of a model's folder.
 * @throws not-found, too-large, bad-input, unsupported; each names the file.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readText(path);
  if (json === undefined) {
    throw new NearfoldError("not-found", "the folder has no tokenizer", { at: path });
  }
  return parseTokenizer(
    json,
    (await readText(join(folder, "tokenizer_config.json"))) ?? "{}",
    path,
  );
}

/**
 * A tokenizer from the texts of `tokenizer.json` and `tokenizer_config.json`; `at` names it in errors.
 * Truncation and padding written in the file are not applied: `maxLength` is the caller's.
 * @throws bad-input, too-large, unsupported
 */
export function parseTokenizer(json: string, config: string, at: string): Tokenizer {
  const file = checkTokenizerFile(parseJsonObject(json, at), at);
  const settings = parseJsonObject(config, `configuration of ${at}`);
  try {
    return new FileTokenizer(file, settings, { json, config, at });
  } catch (cause) {
    throw describe(cause, "not a tokenizer that can be built", at);
  }
}

/** What a trainer learnt, ready for texts; `at` names it in errors. */
export function toTokenizer(trained: TrainedTokenizer, at = "the trained tokenizer"): Tokenizer {
  const { tokenizerJson, tokenizerConfig } = trained;
  return parseTokenizer(JSON.stringify(tokenizerJson), JSON.stringify(tokenizerConfig), at);
}

interface Source {
  readonly json: string;
  readonly config: string;
  readonly at: string;
}

class FileTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly padId: number | undefined;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly maxLength: number | undefined;
  readonly json: string;
  readonly config: string;
  readonly fingerprint: string;
  readonly #at: string;
  readonly #words: (text: string) => (string | number)[];
  readonly #encodeWord: WordEncoder;
  readonly #safePrefixes: boolean;
  readonly #single: readonly TemplateItem[];
  readonly #pair: readonly TemplateItem[];
  readonly #library: LibraryTokenizer;
  readonly #spellings: ReadonlyMap<number, string>;

  constructor(file: TokenizerFile, config: Json, source: Source) {
    this.json = source.json;
    this.config = source.config;
    this.#at = source.at;
    this.fingerprint = createHash("sha256").update(source.json).digest("hex");
    const library = buildTokenizer(file, config);
    this.#library = library;
    const model = library.model;
    const atMarks = marksBeginTokens(model.tokens_to_ids) && model.config.type !== "WordPiece";
    this.#safePrefixes = hasSafePrefixes(file, atMarks);
    this.#encodeWord = createWordEncoder(model, atMarks, source.at);
    const normalize = createNormalizer(file.normalizer);
    this.#words = createWordSplitter(file, normalize);
    this.#single = templateOf(library.post_processor, 1, (token) => this.tokenToId(token));
    this.#pair = templateOf(library.post_processor, 2, (token) => this.tokenToId(token));
    // The Rust library gives a normalized added token back in its normalized spelling, special or not.
    const normalized =
      file.normalizer === null ? [] : file.added_tokens.filter((t) => t.normalized);
    this.#spellings = new Map(normalized.map(({ id, content }) => [id, normalize(content)]));
    this.specialTokens = new Map(
      file.added_tokens.filter((t) => t.special).map(({ content, id }) => [content, id]),
    );
    this.vocabSize = model.vocab.length;
    this.padId = padIdOf(config, (token) => this.tokenToId(token));
    const longest = config.model_max_length;
    this.maxLength =
      Number.isInteger(longest) && (longest as number) < 1e9 ? (longest as number) : undefined;
  }

  tokenToId(token: string): number | undefined {
    return this.#library.model.tokens_to_ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#library.model.vocab[id];
  }

  encode(text: string, options: EncodeOptions = {}): Encoding {
    const [template, room] = this.#layout(this.#single, options);
    const fromEnd = options.truncateSide === "left";
    const content = this.#content(text, fromEnd ? Number.POSITIVE_INFINITY : room);
    const kept = Math.min(content.length, room);
    const part = fromEnd ? content.slice(content.length - kept) : content;
    const { ids } = fillTemplate(template, [part, kept]);
    const tokenCount = ids.length - kept + content.length;
    return { ids, truncated: kept < content.length, tokenCount };
  }

  encodePair(first: string, second: string, options: EncodeOptions = {}): PairEncoding {
    const [template, room] = this.#layout(this.#pair, options);
    const a = this.#content(first, room);
    const b = this.#content(second, room);
    const [keptA, keptB] = shareRoom(a.length, b.length, room);
    const filled = fillTemplate(template, [a, keptA], [b, keptB]);
    const tokenCount = filled.ids.length - keptA - keptB + a.length + b.length;
    return { ...filled, truncated: keptA + keptB < a.length + b.length, tokenCount };
  }

  decode(
    ids: Iterable<number>,
    { skipSpecialTokens = true }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.#spellings.get(id) ?? this.idToToken(id);
      if (token === undefined) {
        const wanted = `an id below ${this.vocabSize}`;
        throw new NearfoldError("bad-argument", "no token has this id", {
          at: this.#at,
          got: `${id}`,
          wanted,
        });
      }
      if (!skipSpecialTokens || !this.specialTokens.has(token)) tokens.push(token);
    }
    const { decoder } = this.#library;
    try {
      return decoder === null ? tokens.join(" ") : decoder.decode(tokens);
    } catch (cause) {
      throw describe(cause, "the tokenizer cannot decode", this.#at);
    }
  }

  /** The template to fill, and how many tokens of text it has room for. */
  #layout(
    template: readonly TemplateItem[],
    { maxLength = Infinity, addSpecialTokens = true }: EncodeOptions,
  ): [readonly TemplateItem[], number] {
    const used = addSpecialTokens
      ? template
      : template.filter(({ what }) => typeof what === "string");
    const special = used.filter(({ what }) => typeof what === "number").length;
    const whole = Number.isInteger(maxLength) || maxLength === Infinity;
    if (whole && maxLength >= special) return [used, maxLength - special];
    throw new NearfoldError(
      "bad-argument",
      "the length bound leaves no room for the special tokens",
      {
        got: `maxLength ${maxLength}`,
        wanted: `an integer of at least ${special}`,
      },
    );
  }

  /** Ids of a text without special tokens: all of them, or of a long text the first ones, more than `room`. */
  #content(text: string, room: number): number[] {
    try {
      for (let tokens = room; ; tokens *= 4) {
        const end = this.#safePrefixes ? prefixEnd(text, tokens) : text.length;
        const ids = this.#idsOf(end < text.length ? text.slice(0, end) : text, room);
        if (end === text.length || ids.length > room) return ids;
      }
    } catch (cause) {
      throw describe(cause, "the tokenizer cannot encode", this.#at);
    }
  }

  #idsOf(text: string, limit: number): number[] {
    const ids: number[] = [];
    for (const word of this.#words(text)) {
      if (typeof word === "number") ids.push(word);
      else for (const id of this.#encodeWord(word, limit)) ids.push(id);
      if (ids.length > limit) break;
    }
    return ids;
  }
}

function padIdOf(config: Json, idOf: (token: string) => number | undefined): number | undefined {
  const { pad_token: pad } = config;
  const token = isObject(pad) ? pad.content : pad;
  return typeof token === "string" ? idOf(token) : idOf("[PAD]");
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      const [got, wanted] = [`${size} bytes`, `at most ${MAX_FILE_BYTES}`];
      throw new NearfoldError("too-large", "the file is larger than a tokenizer may be", {
        at: path,
        got,
        wanted,
      });
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof NearfoldError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new NearfoldError("io", "cannot read", { at: path, got: String(cause), cause });
  }
}

/** An error of the library's, raised by a file that only looks well-formed, as one of ours. */
function describe(cause: unknown, what: string, at: string): Error {
  if (cause instanceof NearfoldError) return cause;
  return new NearfoldError("bad-input", what, { at, got: String(cause), cause });
}
