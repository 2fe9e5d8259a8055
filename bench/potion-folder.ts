/** potion-base-2M as a folder of ours. */
import { readFile } from "node:fs/promises";
import { newCard } from "../src/models/card.ts";
import { configReader } from "../src/models/config.ts";
import { poolingHead, saveModel } from "../src/models/index.ts";
import { architectureOf } from "../src/models/registry.ts";
import { floats } from "../src/tensor/index.ts";
import { parseTokenizer } from "../src/text/index.ts";
import { shared } from "../test/shared.ts";

/**
 * Writes it: int8 rows times their scales as float32, `[UNK]` a row of zeros, which a mean of unit length leaves out. 64 dimensions.
 * The file is described in `test/potion.ts`.
 */
export async function savePotion(folder: string): Promise<void> {
  const bytes = await readFile(shared("models/potion-base-2M-int8/potion-base-2M.bin"));
  const [size, width] = [bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset + 12 + 4 * size, size * width);
  const vocabulary = tokensOf(bytes, 12 + size * (4 + width));
  const unknown = vocabulary.indexOf("[UNK]");
  const table = Float32Array.from(codes, (code, i) => {
    const row = Math.floor(i / width);
    return row === unknown ? 0 : code * bytes.readFloatLE(12 + 4 * row);
  });
  const configJson = { model_type: "static", vocab_size: size, hidden_size: width };
  const architecture = architectureOf("static", "potion");
  await saveModel(folder, {
    name: "potion-base-2M",
    architecture,
    config: architecture.parseConfig(configReader(configJson, "potion")),
    configJson,
    head: poolingHead(),
    tokenizer: parseTokenizer(JSON.stringify(tokenizerOf(vocabulary)), "{}", "potion"),
    maxTokens: 512,
    prompts: { query: "", document: "" },
    weights: new Map([["embedding.weight", floats(table, [size, width])]]),
    card: newCard(width, { query: "", document: "" }, "cosine"),
  });
}

function tokensOf(bytes: Buffer, start: number): readonly string[] {
  const tokens: string[] = [];
  for (let at = start; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16LE(at);
    tokens.push(bytes.toString("utf8", at + 2, end));
    at = end;
  }
  return tokens;
}

/** BERT's uncased WordPiece, without special tokens around a text. */
function tokenizerOf(vocabulary: readonly string[]) {
  const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
  const clean = { clean_text: true, handle_chinese_chars: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: { type: "BertNormalizer", ...clean, strip_accents: null, lowercase: true },
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
