/** Where each architecture drops, and by which of its config's rates: the places of transformers' modules, in their order. */
import { expect, test } from "vitest";
import { goldenJson } from "../../test/golden.ts";
import type { Dropout } from "../nn/dropout.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import { weightInputs } from "../nn/weights.ts";
import { configReader } from "./config.ts";
import { architectureOf } from "./registry.ts";

/** A place is `rows`, a width and a rate, or `scores` and a rate. */
function placesOf(name: string, rates: Readonly<Record<string, number>>): string[] {
  const json = { ...goldenJson<Record<string, unknown>>(`models/${name}/config`), ...rates };
  const architecture = architectureOf(json.model_type, "config.json");
  const places: string[] = [];
  const drop: Dropout = {
    rows: (x, rate) => {
      places.push(`rows ${x.shape[1]} ${rate}`);
      return x;
    },
    attention: (x, _, rate) => {
      places.push(`scores ${rate}`);
      return x;
    },
  };
  const config = architecture.parseConfig(configReader(json, "config.json"));
  architecture.forward(config, weightInputs().weights, paddedLayout(["mean"]), drop);
  return places;
}

const twice = (...places: readonly string[]) => [...places, ...places];
const bert = { hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.2 };
const bertPlaces = ["rows 32 0.1", ...twice("scores 0.2", "rows 32 0.1", "rows 32 0.1")];

test.each<[string, Record<string, number>, string[]]>([
  ["bert", bert, bertPlaces],
  ["roberta", bert, bertPlaces],
  ["xlm-roberta", bert, bertPlaces],
  ["mpnet", bert, bertPlaces],
  ["nomic-bert", bert, bertPlaces],
  [
    "distilbert",
    { dropout: 0.1, attention_dropout: 0.2 },
    ["rows 32 0.1", ...twice("scores 0.2", "rows 32 0.1")],
  ],
  [
    "modernbert",
    { embedding_dropout: 0.1, attention_dropout: 0.2, mlp_dropout: 0.3 },
    ["rows 32 0.1", ...twice(...twice("scores 0.2", "rows 32 0.2", "rows 48 0.3"))],
  ],
  [
    "t5-gated",
    { dropout_rate: 0.1 },
    [
      "rows 32 0.1",
      ...twice("scores 0.1", "rows 32 0.1", "rows 64 0.1", "rows 32 0.1"),
      "rows 32 0.1",
    ],
  ],
])("%s", (name, rates, places) => {
  expect(placesOf(name, rates)).toEqual(places);
});
