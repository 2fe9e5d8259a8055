import { expect, test } from "vitest";
import { weightFormats } from "../nn/weight-formats.ts";
import { chooseLayerFormats, parseLayerChoices } from "./layer-choices.ts";

const weights = ["layer.0.query.weight", "layer.0.output.weight", "layer.1.output.weight"];
const { int8, "int4-block32": int4 } = weightFormats;
const chosen = new Map(weights.map((weight) => [weight, int4]));
const names = (text: string) => {
  const found = chooseLayerFormats(chosen, weights, parseLayerChoices(text));
  return weights.map((weight) => found.get(weight)?.name ?? "float32");
};

test.each<[string, string, readonly string[]]>([
  ["a whole name", "layer.0.query=int8", ["int8", "int4-block32", "int4-block32"]],
  ["all below a name", "layer.0.*=float32", ["float32", "float32", "int4-block32"]],
  ["all that end so", "*.output=int7", ["int4-block32", "int7", "int7"]],
  ["in between", "layer.*.output=float16", ["int4-block32", "float16", "float16"]],
  ["the later wins", "*=int8, layer.1.output = float32", ["int8", "int8", "float32"]],
])("%s", (_, text, wanted) => {
  expect(names(text)).toEqual(wanted);
  expect([...chosen.values()]).toEqual([int4, int4, int4]);
  expect(int8.name).toBe("int8");
});

test.each(["layer.0", "=int8", "a=int3", "a=int8-rows", "a=b=int8", "a=int8,"])(
  "%s is refused",
  (text) => {
    expect(() => parseLayerChoices(text)).toThrow(/Not LAYERS=FORMAT/);
  },
);

test.each(["layer.0", "layer.0*query.query=int8", "other*=int8"])("%s fits no layer", (pattern) => {
  const choices = parseLayerChoices(pattern.includes("=") ? pattern : `${pattern}=int8`);
  expect(() => chooseLayerFormats(chosen, weights, choices)).toThrow(
    /no layer has such a name.*as layer\.0\.query/,
  );
});
