import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { type Tensor, tensor } from "../src/tensor/tensor.ts";
import { shared } from "./shared.ts";

/**
 * potion-base-2M, a static embedder that is not ours, for tests of what judges one. Its file: `GGE1`, vocabulary and
 * width as u32, a float32 scale a row, int8 rows, then the tokens, each with its length as u16; little-endian.
 * A vector is the mean of the rows of a text's first 512 tokens without `[UNK]` (model2vec's `max_length`), scaled to
 * length 1.
 */
export async function loadPotion(): Promise<(texts: readonly string[]) => Tensor<"float32">> {
  const bytes = await readFile(shared("models/potion-base-2M-int8/potion-base-2M.bin"));
  if (bytes.toString("latin1", 0, 4) !== "GGE1") throw new Error("not a GGE1 file");
  const size = bytes.readUInt32LE(4);
  const width = bytes.readUInt32LE(8);
  const scaleOf = (row: number) => bytes.readFloatLE(12 + 4 * row);
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset + 12 + 4 * size, size * width);
  const vocabulary = readTokens(bytes, 12 + size * (4 + width));
  const tokenizer = new Tokenizer(tokenizerFile(vocabulary), {});
  const unknown = vocabulary["[UNK]"];
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

function readTokens(bytes: Buffer, start: number): Record<string, number> {
  const tokens: [string, number][] = [];
  for (let at = start; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16LE(at);
    tokens.push([bytes.toString("utf8", at + 2, end), tokens.length]);
    at = end;
  }
  return Object.fromEntries(tokens);
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
