/** What a `tokenizer.json` must have before anything is built from it. */
import { NearfoldError } from "../errors.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A token that is cut out of the text before the model sees it, in the spelling of `tokenizer.json`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter or digit touches it. */
  readonly single_word: boolean;
  /** Takes the white space on its left, or on its right, with it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Looked for in the normalized text, in its normalized spelling. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A checked `tokenizer.json`; the parts that may be absent are `null`. */
export interface TokenizerFile {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Json | null;
  readonly pre_tokenizer: Json | null;
  readonly post_processor: Json | null;
  readonly decoder: Json | null;
  readonly model: Json;
}

export const MAX_FILE_BYTES = 200e6;
const MAX_ID = 2 ** 24;
const MAX_ADDED_TOKEN_CHARS = 4096;

/**
 * Parses the text of a JSON file that holds one object.
 * @throws bad-input naming `at`; too-large past 200 MB.
 */
export function parseJsonObject(text: string, at: string): Json {
  if (text.length > MAX_FILE_BYTES) {
    throw new NearfoldError("too-large", "the file is larger than a tokenizer may be", {
      at,
      got: `${text.length} characters`,
      wanted: `at most ${MAX_FILE_BYTES}`,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", { at, got: String(cause), cause });
  }
  if (!isObject(value)) throw wrong(at, "the file", "a JSON object", value);
  return value;
}

/**
 * Checks the shape of a `tokenizer.json`: vocabulary ids, added tokens, the kinds of its parts.
 * @throws bad-input, unsupported
 */
export function checkTokenizerFile(json: Json, at: string): TokenizerFile {
  const part = (name: string) => {
    const value = json[name] ?? null;
    if (value !== null && !isObject(value)) throw wrong(at, name, "an object or null", value);
    return value;
  };
  const model = part("model");
  if (model === null) throw wrong(at, "model", "an object", model);
  checkModel(model, at);
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw wrong(at, "added_tokens", "an array", added);
  return {
    model,
    normalizer: part("normalizer"),
    pre_tokenizer: part("pre_tokenizer"),
    post_processor: part("post_processor"),
    decoder: part("decoder"),
    added_tokens: added.map((token: unknown, i) =>
      checkAddedToken(token, `added_tokens[${i}]`, at),
    ),
  };
}

function checkModel(model: Json, at: string): void {
  const { vocab } = model;
  if (Array.isArray(vocab)) {
    if (vocab.length === 0) throw wrong(at, "model.vocab", "at least one token", vocab);
    vocab.forEach((entry: unknown, i) => {
      const fits =
        Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1]);
      if (!fits) throw wrong(at, `model.vocab[${i}]`, "[token, score]", entry);
    });
  } else {
    if (!isObject(vocab)) throw wrong(at, "model.vocab", "an object of token to id", vocab);
    const seen = new Set<unknown>();
    for (const [token, id] of Object.entries(vocab)) {
      if (!isId(id)) throw wrong(at, `model.vocab[${JSON.stringify(token)}]`, "an id", id);
      if (seen.has(id))
        throw wrong(at, `model.vocab[${JSON.stringify(token)}]`, "an id of its own", id);
      seen.add(id);
    }
    if (model.type === "WordPiece" && !Object.hasOwn(vocab, String(model.unk_token))) {
      throw wrong(at, "model.unk_token", "a token of the vocabulary", model.unk_token);
    }
  }
  if (model.type === "BPE" && model.continuing_subword_prefix) {
    throw new NearfoldError("unsupported", "BPE with a prefix of continuing pieces", {
      at,
      got: `continuing_subword_prefix ${JSON.stringify(model.continuing_subword_prefix)}`,
    });
  }
}

function checkAddedToken(token: unknown, name: string, at: string): AddedToken {
  if (!isObject(token)) throw wrong(at, name, "an object", token);
  const { id, content, special } = token;
  if (!isId(id)) throw wrong(at, `${name}.id`, "an id", id);
  if (typeof content !== "string" || content.length > MAX_ADDED_TOKEN_CHARS) {
    throw wrong(at, `${name}.content`, `a text of at most ${MAX_ADDED_TOKEN_CHARS}`, content);
  }
  return {
    id,
    content,
    single_word: token.single_word === true,
    lstrip: token.lstrip === true,
    rstrip: token.rstrip === true,
    normalized: token.normalized === undefined ? special !== true : token.normalized === true,
    special: special === true,
  };
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_ID;
}

function wrong(at: string, name: string, wanted: string, value: unknown): NearfoldError {
  const got = (JSON.stringify(value) ?? "nothing").slice(0, 80);
  return new NearfoldError("bad-input", `${name} is not as a tokenizer.json has it`, {
    at,
    got,
    wanted,
  });
}
