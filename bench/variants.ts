/** A sentence said anew: what people and machines do to a text on its way. */
import type { Rng } from "../src/graph/rng.ts";

type Change = (words: readonly string[], next: Rng) => readonly string[];

const pick = <T>(items: readonly T[], next: Rng): T => items[Math.floor(next() * items.length)];

const SMALL = new Set(
  "a an the of is are in on to do does i my and with for at by it this that be can from as or".split(
    " ",
  ),
);

/** Numbers in letters, which no change but a near miss touches. */
const NUMERALS = "two three four five six seven eight nine ten eleven twelve".split(" ");

/** Whether a word is what its sentence is about: a number, or a name. */
function isFact(word: string, place: number): boolean {
  const bare = word.replace(/\W/g, "").toLowerCase();
  return /\d/.test(word) || NUMERALS.includes(bare) || (place > 0 && /^\W*[A-Z]/.test(word));
}

const spelling: Change = (words, next) => {
  const kind = next();
  const text = words.join(" ");
  if (kind < 0.5) return text.toLowerCase().split(" ");
  if (kind < 0.75) return text.toUpperCase().split(" ");
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
};

const punctuation: Change = (words, next) => {
  const kind = next();
  if (kind < 0.4)
    return [
      ...words.slice(0, -1),
      `${words.at(-1)!.replace(/[.?!]+$/, "")}${pick([".", "!", "?", " ...", ""], next)}`,
    ];
  if (kind < 0.7)
    return words.map((word) => word.replace(/[,;:"()]/g, "")).filter((word) => word !== "");
  const at = 1 + Math.floor(next() * (words.length - 1));
  return words.map((word, i) => (i === at && /\w$/.test(word) ? `${word},` : word));
};

const typo: Change = (words, next) => {
  const places = words.flatMap((word, i) =>
    /^[A-Za-z]{4,}\W*$/.test(word) && !isFact(word, i) ? [i] : [],
  );
  if (places.length === 0) return words;
  const place = pick(places, next);
  const word = words[place];
  const at = 1 + Math.floor(next() * (word.replace(/\W/g, "").length - 2));
  const [before, after] = [word.slice(0, at), word.slice(at + 1)];
  const letter = pick([..."abcdefghijklmnoprstuwy"], next);
  const made = pick(
    [
      `${before}${after}`,
      `${before}${word[at]}${word[at]}${after}`,
      `${before}${letter}${after}`,
      `${before}${word[at + 1]}${word[at]}${word.slice(at + 2)}`,
    ],
    next,
  );
  return words.map((word, i) => (i === place ? made : word));
};

const swap: Change = (words, next) => {
  const at = Math.floor(next() * (words.length - 1));
  return [...words.slice(0, at), words[at + 1], words[at], ...words.slice(at + 2)];
};

/** One of the words that carry little; of a long sentence sometimes another. */
const drop: Change = (words, next) => {
  const places = words.flatMap((word, i) => {
    const small = SMALL.has(word.toLowerCase());
    const other = words.length >= 9 && /^[a-z]+$/.test(word) && !isFact(word, i);
    return small || (other && next() < 0.15) ? [i] : [];
  });
  if (places.length === 0) return words;
  const place = pick(places, next);
  return words.filter((_, i) => i !== place);
};

/** In either direction. */
const templates: readonly (readonly [string, string])[] = [
  ["How do I", "How can I"],
  ["How do I", "What is the best way to"],
  ["How to", "What is the way to"],
  ["How to", "How do you"],
  ["Is there a way to", "Is it possible to"],
  ["What is the difference between", "What are the differences between"],
  ["Best way to", "What is the best way to"],
  ["is sitting", "sits"],
  ["is standing", "stands"],
  ["is walking", "walks"],
  ["are playing", "play"],
  ["is playing", "plays"],
  ["is holding", "holds"],
  ["is wearing", "wears"],
  ["in front of", "before"],
  ["next to", "beside"],
  ["bicycle", "bike"],
  ["picture", "photo"],
  ["photograph", "photo"],
  ["children", "kids"],
  ["a large", "a big"],
  ["a small", "a little"],
  ["street", "road"],
  ["does not", "doesn't"],
  ["is not", "isn't"],
  ["do not", "don't"],
  ["can not", "can't"],
  ["said", "says"],
  ["percent", "%"],
  ["without", "with no"],
  ["multiple", "several"],
  ["through", "via"],
  ["create", "make"],
  ["error", "problem"],
];
const frames: readonly ((text: string) => string)[] = [
  (text) => `${text}, please`,
  (text) => `Re: ${text}`,
  (text) => `FWD: ${text}`,
  (text) => `${text} (updated)`,
  (text) => `Hello, ${text}`,
];

const paraphrase: Change = (words, next) => {
  const text = words.join(" ");
  const made = templates.flatMap(([a, b]) =>
    [
      [a, b],
      [b, a],
    ].flatMap(([from, to]) => {
      const changed = text.replace(new RegExp(`(?<!\\w)${literal(from)}(?!\\w)`, "i"), to);
      return changed === text ? [] : [changed];
    }),
  );
  return (made.length > 0 ? pick(made, next) : pick(frames, next)(text)).split(" ");
};

function literal(text: string): string {
  return text.replace(/[%]/g, "\\$&");
}

const changes = [spelling, punctuation, typo, swap, drop, paraphrase] as const;

/** A sentence with one change or two; that of its capitals is last, as the others tell names by them. */
export function variantOf(sentence: string, next: Rng): string {
  const count = next() < 0.5 ? 1 : 2;
  const chosen = Array.from({ length: count }, () => pick(changes, next));
  chosen.sort((a, b) => Number(a === spelling) - Number(b === spelling));
  return chosen
    .reduce<readonly string[]>((words, change) => change(words, next), sentence.split(" "))
    .join(" ");
}

/** Another sentence in the same words but for a number or a name; undefined where it has none. */
export function nearMissOf(
  sentence: string,
  names: ReadonlySet<string>,
  next: Rng,
): string | undefined {
  const words = sentence.split(" ");
  const places = words.flatMap((word, i) => (isOther(word, i, names) ? [i] : []));
  if (places.length === 0) return undefined;
  const place = pick(places, next);
  const word = words[place];
  const made = otherFact(word, names, next);
  return made === word ? undefined : words.map((word, i) => (i === place ? made : word)).join(" ");
}

/** Whether another number or name may stand in a word's place. */
function isOther(word: string, place: number, names: ReadonlySet<string>): boolean {
  const bare = word.replace(/\W/g, "");
  return /\d/.test(word) || NUMERALS.includes(bare.toLowerCase()) || (place > 0 && names.has(bare));
}

function otherFact(word: string, names: ReadonlySet<string>, next: Rng): string {
  const bare = word.replace(/\W/g, "");
  if (/\d/.test(word))
    return word.replace(/\d/, (digit) => String((Number(digit) + 1 + Math.floor(next() * 8)) % 10));
  if (NUMERALS.includes(bare.toLowerCase())) {
    const other = pick(
      NUMERALS.filter((name) => name !== bare.toLowerCase()),
      next,
    );
    return word.replace(
      bare,
      /^[A-Z]/.test(bare) ? other[0].toUpperCase() + other.slice(1) : other,
    );
  }
  const other = pick([...names], next);
  return other.toLowerCase() === bare.toLowerCase() ? word : word.replace(bare, other);
}
