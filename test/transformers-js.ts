/** A tokenizer as transformers.js reads it. */
import { PreTrainedTokenizer } from "@huggingface/transformers";

interface Files {
  readonly json: string;
  readonly config: string;
}

/** Ids of a text, special tokens included. */
export function inTransformersJs({ json, config }: Files): (text: string) => number[] {
  const tokenizer = new PreTrainedTokenizer(JSON.parse(json), JSON.parse(config));
  return (text) => tokenizer.encode(text);
}
