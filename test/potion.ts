import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { type Tensor, tensor } from "../src/tensor/tensor.ts";
import { shared } from "./shared.ts";

/** What the file of potion-base-2M holds, a static embedder that is not ours. */
export interface PotionFile {
  readonly width: number;
  /** By id. */
  readonly vocabulary: readonly string[];
  /** `[V, width]`: a row times its scale is the token's vector. */
  readonly codes: Int8Array;
  readonly scaleOf: (row: number) => number;
  /** BERT's uncased WordPiece over its tokens, as a tokenizer.json. */
  readonly tokenizer: ReturnType<typeof tokenizerFile>;
}

/** The file: `GGE1`, vocabulary and width as u32, a float32 scale a row, int8 rows, then the tokens, each with its length as u16; little-endian. */
export async function readPotion(): Promise<PotionFile> {
  const bytes = await readFile(shared("models/potion-base-2M-int8/potion-base-2M.bin"));
  if (bytes.toString("latin1", 0, 4) !== "GGE1") throw new Error("not a GGE1 file");
  const [size, width] = [bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
  const vocabulary = readTokens(bytes, 12 + size * (4 + width));
  return {
    width,
    vocabulary,
    codes: new Int8Array(bytes.buffer, bytes.byteOffset + 12 + 4 * size, size * width),
    scaleOf: (row) => bytes.readFloatLE(12 + 4 * row),
    tokenizer: tokenizerFile(Object.fromEntries(vocabulary.map((token, id) => [token, id]))),
  };
}

/**
 * potion-base-2M for tests of what judges one. A vector is the mean of the rows of a text's first 512 tokens without `[UNK]` (model2vec's
 * `max_length`), scaled to length 1.
 */
export async function loadPotion(): Promise<(texts: readonly string[]) => Tensor<"float32">> {
  const { width, vocabulary, codes, scaleOf, tokenizer: file } = await readPotion();
  const tokenizer = new Tokenizer(file, {});
  const unknown = vocabulary.indexOf("[UNK]");
  return (texts) => {
    const data = new Float32Array(texts.length * width);
    texts.forEach((text, row) => {
      const sum = data.subarray(row * width, (row + 1) * width);
      const { ids } = tokenizer.encode(text, { add_special_tokens: false });
      for (const id of ids.filter((id: number) => id !== unknown).slice(0, MAX_TOKENS)) {
        for (let i = 0; i < width; i++) sum[i] += codes[id * width + i] * scaleOf(id);
      }
      const length = Math.hypot(...sum);
      if (length > 0)
        sum.forEach((x, i) => {
          sum[i] = x / length;
        });
    });
    return tensor("float32", [texts.length, width], data);
  };
}

const MAX_TOKENS = 512;

function readTokens(bytes: Buffer, start: number): readonly string[] {
  const tokens: string[] = [];
  for (let at = start; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16LE(at);
    tokens.push(bytes.toString("utf8", at + 2, end));
    at = end;
  }
  return tokens;
}

/** BERT's uncased WordPiece over these tokens. */
function tokenizerFile(vocab: Record<string, number>) {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}
