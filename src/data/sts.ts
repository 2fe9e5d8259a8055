/** Semantic textual similarity: pairs of sentences that people have scored. */
import { NearfoldError } from "../errors.ts";
import { parseFilledText, parseObject, show, type TextBound } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import type { LineOptions } from "./lines.ts";

export interface ScoredPair {
  readonly sentence1: string;
  readonly sentence2: string;
  /** As the file has it: 0 to 5 in STS-B. */
  readonly score: number;
}

/**
 * Rows `{sentence1, sentence2, score}` of a JSONL file (the layout of `sentence-transformers/stsb`).
 * @throws bad-input, too-large with file and line; with `onBad` such rows are left out.
 */
export function readSts(
  path: string,
  options: LineOptions & TextBound = {},
): AsyncGenerator<ScoredPair> {
  const parse = (value: unknown, at: string): ScoredPair => {
    const row = parseObject(value, at, '{"sentence1", "sentence2", "score"}');
    return {
      sentence1: parseFilledText(row.sentence1, "sentence1", at, options),
      sentence2: parseFilledText(row.sentence2, "sentence2", at, options),
      score: parseScore(row.score, at),
    };
  };
  return readJsonl(path, parse, options);
}

function parseScore(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new NearfoldError("bad-input", '"score" is not a number', {
    at,
    got: show(value),
    wanted: "a finite number",
  });
}
