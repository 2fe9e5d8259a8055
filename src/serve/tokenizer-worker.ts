/** The other end of `openTokenizerThread`. */
import { promptedBy } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { locateModel } from "../models/index.ts";
import type { Role } from "../models/model.ts";
import { yieldToOthers } from "../runtime/thread-priority.ts";
import { answerCalls } from "../worker-calls.ts";
import type { TextsToTokenize, TokenizedTexts, TokenizerStart } from "./tokenizer-thread.ts";

await answerCalls<TokenizerStart, true, TextsToTokenize, TokenizedTexts>(
  async ({ source, space }) => {
    yieldToOthers();
    const model = await locateModel(source);
    const got = model.card.space.id;
    if (got !== space) {
      const what = "another model lies here by now";
      throw new NearfoldError("mismatch", what, { at: source, got, wanted: space });
    }
    const of = (role: Role) => {
      const tower = (role === "query" && model.queryTower) || model;
      const [plain, prompted] = ["", model.prompts[role]].map((p) => promptedBy(tower, p));
      return { plain, prompted };
    };
    const towers: Record<Role, ReturnType<typeof of>> = {
      query: of("query"),
      document: of("document"),
    };
    return {
      ready: true,
      answer: async ({ role, prompt, truncateSide, texts }) => {
        const { tokenize } = towers[role][prompt ? "prompted" : "plain"];
        const encodings = texts.map((text) => tokenize(text, truncateSide));
        return {
          ids: joined(encodings.map(({ ids }) => ids)),
          lengths: encodings.map(({ ids }) => ids.length),
          truncated: encodings.map(({ truncated }) => truncated),
          tokenCounts: encodings.map(({ tokenCount }) => tokenCount),
        };
      },
      transfer: ({ ids }) => [ids.buffer],
    };
  },
);

function joined(parts: readonly Int32Array[]): Int32Array<ArrayBuffer> {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const part of parts) {
    all.set(part, first);
    first += part.length;
  }
  return all;
}
