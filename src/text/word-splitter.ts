/** All that happens to a text before the model: added tokens, normalizer, pre-tokenizer. */
import { createSplitter, type Section } from "./added-tokens.ts";
import { createNormalizer } from "./normalizer.ts";
import { createPreTokenizer } from "./pre-tokenizer.ts";
import type { AddedToken, TokenizerFile } from "./tokenizer-file.ts";

/** Cuts a text into the words that the model sees and the ids of added tokens between them. */
export function createWordSplitter(
  file: TokenizerFile,
  normalize = createNormalizer(file.normalizer),
): (text: string) => (string | number)[] {
  const preTokenize = createPreTokenizer(file.pre_tokenizer);
  const inNormalized = (t: AddedToken) => t.normalized && file.normalizer !== null;
  const raw = file.added_tokens.filter((t) => !inNormalized(t));
  const normalized = file.added_tokens.filter(inNormalized);
  const splitRaw = createSplitter(raw.map((t) => [t.content, t]));
  const splitNormalized = createSplitter(normalized.map((t) => [normalize(t.content), t]));
  const wordsOf = (section: Section, place: number): (string | number)[] =>
    typeof section === "string" ? preTokenize(section, place) : [section.id];
  return (text) => {
    const sections = splitRaw(text);
    if (sections.length === 1 && typeof sections[0] === "string" && normalized.length === 0) {
      const only = normalize(sections[0]);
      return only === "" ? [] : preTokenize(only, 0);
    }
    return sections.flatMap((section, place) =>
      typeof section === "string"
        ? splitNormalized(normalize(section)).flatMap((part) => wordsOf(part, place))
        : wordsOf(section, place),
    );
  };
}
