/** What makes two texts the same: the steps that are taken before they are compared. */
import { NearfoldError } from "../../errors.ts";

/** Each takes one difference away. Adding one: a line here. */
export const normalizations = {
  /** Unicode's compatibility forms: ﬁ is fi, full-width letters are letters. */
  nfkc: (text: string) => text.normalize("NFKC"),
  case: (text: string) => text.toLowerCase(),
  /** Marks between words are spaces; those of no word at all are kept, as nothing else would be left. */
  punctuation: (text: string) => {
    const words = text.replace(/[^\p{L}\p{M}\p{N}]+/gu, " ");
    return words.trim() === "" ? text : words;
  },
  /** Any white space is one space; none at the ends. */
  space: (text: string) => text.replace(/\s+/gu, " ").trim(),
} as const satisfies Record<string, (text: string) => string>;

export type Normalization = keyof typeof normalizations;

export const DEFAULT_NORMALIZATIONS: readonly Normalization[] = ["nfkc", "case", "space"];

/** One function of the steps, in the order of the table. @throws bad-argument for one that is not known */
export function normalizer(names: readonly Normalization[]): (text: string) => string {
  const known = Object.keys(normalizations) as Normalization[];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const [got, wanted] = [`"${unknown}"`, known.join(", ")];
    throw new NearfoldError("bad-argument", "not a normalization that is known", { got, wanted });
  }
  const steps = known.filter((name) => names.includes(name)).map((name) => normalizations[name]);
  return (text) => steps.reduce((made, step) => step(made), text);
}
