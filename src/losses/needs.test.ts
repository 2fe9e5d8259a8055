import { expect, test } from "vitest";
import { describeNeeds, type RowContents, requireRow } from "./needs.ts";
import { parseLoss } from "./parse.ts";

const fits: readonly (readonly [string, RowContents])[] = [
  ["info-nce", { texts: 2 }],
  ["info-nce", { texts: 5 }],
  ["triplet", { texts: 3 }],
  ["contrastive", { texts: 2, label: 0 }],
  ["cosent", { texts: 2, label: 4.5 }],
  ["cosine-similarity", { texts: 2, label: -1 }],
  ["batch-hard-triplet", { texts: 1, label: 12 }],
  ["margin-mse", { texts: 4, label: [1.5, 0, -2] }],
  ["gist", { texts: 3, taught: 3 }],
  ["mse", { texts: 2, taught: 1 }],
];

test.each(fits)("%s takes %o", (name, row) => {
  expect(() => requireRow(parseLoss(name).needs, row, "pairs.jsonl:3")).not.toThrow();
});

test.each([
  ["info-nce", { texts: 1 }, /other rows \(got 1 text, wanted a pair of texts, or more\)/],
  ["triplet", { texts: 2 }, /got 2 texts, wanted a pair and a hard negative, or more/],
  ["contrastive", { texts: 3, label: 1 }, /wanted a pair of texts; label: 1 \(belongs\) or 0/],
  ["contrastive", { texts: 2 }, /got none, wanted 1 \(belongs\) or 0/],
  ["contrastive", { texts: 2, label: 0.5 }, /got 0.5, wanted 1/],
  ["cosent", { texts: 2, label: "high" }, /got "high", wanted a similarity/],
  ["cosine-similarity", { texts: 2, label: 4.5 }, /got 4.5, wanted a similarity from -1 to 1/],
  ["batch-all-triplet", { texts: 1, label: 0.5 }, /wanted a class as a whole number/],
  ["batch-all-triplet", { texts: 1, label: 2 ** 24 + 1 }, /wanted a class as a whole number/],
  ["margin-mse", { texts: 4, label: [1, 2] }, /got \[1, 2\], wanted a teacher's scores/],
  ["gist", { texts: 3, taught: 1 }, /lacks a teacher's embeddings \(got 1, wanted 3\)/],
  ["mse", { texts: 2 }, /got 0, wanted 1/],
] as const)("%s refuses %o", (name, row, message) => {
  const check = () => requireRow(parseLoss(name).needs, row, "pairs.jsonl:3");
  expect(check).toThrow(message);
  expect(check).toThrow(/^pairs\.jsonl:3: /);
});

test.each([
  [{ name: "matryoshka", loss: "cosent", dims: [4] }, "a pair of texts; label: a similarity"],
  [{ name: "sum", losses: ["cosent", "flops"] }, "a pair of texts; label: a similarity"],
  [
    { name: "sum", losses: ["mse", "gist"] },
    "a pair of texts, or more; a teacher's embedding of each",
  ],
])("%o needs what its losses do", (json, wanted) => {
  expect(describeNeeds(parseLoss(json).needs)).toContain(wanted);
});

test.each([
  ["one text or three", ["batch-hard-triplet", "triplet"]],
  ["two kinds of label", ["cosent", "contrastive"]],
])("a sum of losses that want %s is refused", (_, losses) => {
  expect(() => parseLoss({ name: "sum", losses })).toThrow(/no row of data fits all/);
});
