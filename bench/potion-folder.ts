/** potion-base-2M as a folder of ours. */
import { newCard } from "../src/models/card.ts";
import { configReader } from "../src/models/config.ts";
import { poolingHead, saveModel } from "../src/models/index.ts";
import { architectureOf } from "../src/models/registry.ts";
import { floats } from "../src/tensor/index.ts";
import { parseTokenizer } from "../src/text/index.ts";
import { readPotion } from "../test/potion.ts";

/**
 * Writes it: int8 rows times their scales as float32, `[UNK]` a row of zeros, which a mean of unit length leaves out. 64 dimensions.
 * The file is described in `test/potion.ts`.
 */
export async function savePotion(folder: string): Promise<void> {
  const { width, vocabulary, codes, scaleOf, tokenizer } = await readPotion();
  const size = vocabulary.length;
  const unknown = vocabulary.indexOf("[UNK]");
  const table = Float32Array.from(codes, (code, i) => {
    const row = Math.floor(i / width);
    return row === unknown ? 0 : code * scaleOf(row);
  });
  const configJson = { model_type: "static", vocab_size: size, hidden_size: width };
  const architecture = architectureOf("static", "potion");
  await saveModel(folder, {
    name: "potion-base-2M",
    architecture,
    config: architecture.parseConfig(configReader(configJson, "potion")),
    configJson,
    head: poolingHead(),
    tokenizer: parseTokenizer(JSON.stringify(tokenizer), "{}", "potion"),
    maxTokens: 512,
    prompts: { query: "", document: "" },
    weights: new Map([["embedding.weight", floats(table, [size, width])]]),
    card: newCard(width, { query: "", document: "" }, "cosine"),
  });
}
