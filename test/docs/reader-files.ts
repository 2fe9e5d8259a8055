/** The files of somebody who follows a page: what a workshop's customers ask, and the manual that answers them. */
import type { Pair } from "../../src/data/index.ts";
import { jsonl } from "../nearfold.ts";

const things = [
  "coffee grinder",
  "espresso machine",
  "milk frother",
  "water kettle",
  "toaster",
  "bread oven",
  "blender",
  "juicer",
  "rice cooker",
  "slow cooker",
  "ice maker",
  "dishwasher",
  "vacuum cleaner",
  "air purifier",
  "steam iron",
  "sewing machine",
  "washing machine",
  "tumble dryer",
  "heat pump",
  "desk fan",
  "cordless drill",
  "table saw",
  "hedge trimmer",
  "lawn mower",
];

/** How a customer says it, and how the manual does. */
const works = [
  ["clean", "Wipe the {} with a damp cloth and rinse every part that comes off"],
  ["switch on", "Hold the power button of the {} for two seconds"],
  ["switch off", "Press the power button of the {} once and pull the plug"],
  ["descale", "Run the {} with citric acid, then twice with fresh water"],
  ["oil", "Put one drop of oil on each bearing of the {}"],
  ["open", "Loosen the four screws under the {} and lift the lid"],
  ["carry", "Lock the lid of the {} and lift it by both handles"],
  ["store", "Dry the {} for a day and keep it away from frost"],
  ["repair", "A broken {} goes back to the workshop with its receipt"],
  ["return", "We take a {} back for thirty days, in its own box"],
  ["connect", "Pair the {} with the app while its blue light blinks"],
  ["reset", "Push a pin into the hole behind the {} until it beeps"],
  ["update", "Put new firmware for the {} on an empty card"],
  ["silence", "Set the volume of the {} to zero in its menu"],
  ["insure", "Register the serial number of the {} within a month"],
  ["recycle", "Bring the old {} to any shop that sells new ones"],
  ["pay for", "The {} can be paid by card or in six parts"],
  ["order parts of", "Parts of the {} are in the catalogue by their number"],
  ["see inside", "A drawing of the {} is on the last page"],
  ["teach someone to use", "The video about the {} lasts four minutes"],
  ["lend out", "A {} may be lent with its deposit paid"],
  ["hear", "A {} that hums needs a new belt"],
] as const;

const rows = things.flatMap((thing) =>
  works.map(([verb, answer]) => ({
    query: `how do I ${verb} my ${thing}?`,
    document: `${answer.replace("{}", thing)}.`,
  })),
);
/** One in sixteen to choose by, and one to test on. */
const dev = rows.filter((_, i) => i % 16 === 3);
const kept = rows.filter((_, i) => i % 16 === 11);
const known = rows.filter((_, i) => i % 8 !== 3);

/** Sentences that say the same, have one word in common, or have nothing to do with each other. */
const scored = things.flatMap((thing, i) => [
  { sentence1: `a new ${thing}`, sentence2: `a ${thing} that is new`, score: 5 },
  { sentence1: `a ${thing} at home`, sentence2: `the ${thing} is broken`, score: 2.5 },
  {
    sentence1: `a ${thing}`,
    sentence2: works[i % works.length][1].replace("{}", "machine"),
    score: 0,
  },
]);

/** What customers ask that nothing was trained on, judged: a collection in BEIR's layout. */
const asked = [...dev, ...kept];
const manual = new Map(rows.map(({ document }, i) => [document, `manual-${i}`]));
const collection = {
  "scifact/corpus.jsonl": jsonl([...manual].map(([text, _id]) => ({ _id, title: "", text }))),
  "scifact/queries.jsonl": jsonl(asked.map(({ query }, i) => ({ _id: `q${i}`, text: query }))),
  "scifact/qrels/test.tsv": asked
    .map(({ document }, i) => `q${i}\t${manual.get(document)}\t1\n`)
    .join(""),
};

/** What the workshop sells, by how it is found there. */
const products = things.map((thing, i) => ({
  id: `p${i}`,
  text: `${thing[0].toUpperCase()}${thing.slice(1)}`,
  shelf: ["kitchen", "household", "garage"][i < 11 ? 0 : i < 20 ? 1 : 2],
  price: 20 + ((37 * i) % 300),
}));

/** Customers who come back, each for what stands near to what they have; the newest product was not sold yet. */
const purchases = Array.from({ length: 60 }, (_, customer) =>
  Array.from({ length: 5 }, (_, visit) => {
    const product = (7 * customer + visit * (1 + (customer % 2))) % (products.length - 1);
    return `c${customer},p${product},2026-0${1 + visit}-1${customer % 10},${3 + ((customer + visit) % 3)}`;
  }),
).flat();

/** By the names that the pages use; what a page shows of a file stands before these rows. */
export const readerFiles: Readonly<Record<string, string>> = {
  "pairs.jsonl": jsonl(known),
  "dev.jsonl": jsonl(dev),
  "test.jsonl": jsonl(kept),
  "documents.jsonl": jsonl(rows.map(({ document }, i) => ({ id: `manual-${i}`, text: document }))),
  "texts.jsonl": jsonl(rows.map(({ document }) => ({ text: document }))),
  "reviews.csv": [
    "review_id,stars,body",
    ...rows.map(({ query, document }, i) => `r${i},${1 + (i % 5)},"${query} ""${document}"""`),
  ].join("\n"),
  "products.jsonl": jsonl(products),
  "purchases.csv": ["user,item,time,rating", ...purchases].join("\n"),
  "scored.jsonl": jsonl(scored),
  "sts-dev.jsonl": jsonl(scored.filter((_, i) => i % 2 === 0)),
  "sts-test.jsonl": jsonl(scored.filter((_, i) => i % 2 === 1)),
  ...collection,
  "questions.jsonl": jsonl(
    rows.map(({ query }, i) => ({ text: query, label: works[i % works.length][0] })),
  ),
};

/** Every text, for a tokenizer. */
export const readerTexts: readonly string[] = [
  ...rows.flatMap(({ query, document }) => [query, document]),
  ...scored.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]),
];

export const readerPairs: readonly Pair[] = known.map(({ query, document }) => ({
  anchor: query,
  positive: document,
  negatives: [],
}));
