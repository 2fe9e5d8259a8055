/**
 * RoBERTa (Liu et al., arXiv:1907.11692) and XLM-RoBERTa (Conneau et al., arXiv:1911.02116): BERT whose positions begin after the padding
 * id, as transformers' models/roberta/modeling_roberta.py and models/xlm_roberta/modeling_xlm_roberta.py compute it.
 */
import type { Architecture } from "./architecture.ts";
import { type BertConfig, bertEntry, parseBertConfig } from "./bert.ts";
import type { ConfigReader } from "./config.ts";

export interface RobertaConfig extends BertConfig {
  readonly padId: number;
}

function parseRobertaConfig(read: ConfigReader): RobertaConfig {
  const bert = parseBertConfig(read);
  // At least one position is left.
  const padId = read.whole("pad_token_id", { least: 0, most: bert.maxPositions - 2, fallback: 1 });
  return { ...bert, padId };
}

export const robertaEntry = {
  ...bertEntry,
  parseConfig: parseRobertaConfig,
  maxTokens: ({ maxPositions, padId }) => maxPositions - padId - 1,
  renames: [[/^roberta\./, ""]],
  dropped: /^(lm_head|classifier|qa_outputs)\.|^embeddings\.(position_ids|token_type_ids)$/,
} as const satisfies Architecture<RobertaConfig>;
