import { describe, expect, test } from "vitest";
import { type Array64, array64 } from "../graph/array64.ts";
import { constant, graphOf, input, scalar, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { add, mul, quantized, quantizeLinear } from "../graph/ops/index.ts";
import { print } from "../graph/print.ts";
import { evaluate } from "../graph/reference.ts";
import { tensor } from "../tensor/tensor.ts";
import { fuse } from "./fuse.ts";
import { fusionRules } from "./rules.ts";

const rows = (name: string) => input(name, "float32", ["T", 4]);
const row = (name: string) => input(name, "float32", [4]);
const codes = constant(
  tensor(
    "int8",
    [4, 4],
    Int8Array.from({ length: 16 }, (_, i) => 7 * i - 50),
  ),
);
const product = (x: Value) => {
  const [a, scale] = [quantizeLinear(x, scalar(0.1)), scalar(0.5)];
  const op = quantized["com.microsoft.MatMulIntegerToFloat"];
  return apply("MatMulIntegerToFloat", op, [a, codes, scalar(0.1), scale]);
};

interface Case {
  readonly rule: keyof typeof fusionRules;
  readonly why: string;
  readonly made: () => Value;
  /** How the fused graph is printed, without its inputs; what is left as it is has none. */
  readonly fused?: readonly string[];
}

const table: readonly Case[] = [
  {
    rule: "product-bias",
    why: "the bias of a layer of codes",
    made: () => add(product(rows("x")), row("b")),
    fused: [
      "%1 = QuantizeLinear(x, 0.10000000149011612, 0) : int8[T,4]",
      "%2 = com.microsoft.MatMulIntegerToFloat(%1, int8[4,4]{-50, -43, -36, -29, -22, -15, -8, -1, …}, 0.10000000149011612, 0.5, _, _, b) : float32[T,4]",
    ],
  },
  {
    rule: "product-bias",
    why: "no bias, but rows",
    made: () => add(product(rows("x")), rows("b")),
  },
  {
    rule: "product-bias",
    why: "others read the product without it",
    made: () => {
      const y = product(rows("x"));
      return mul(add(y, row("b")), y);
    },
  },
];

test("each rule has a line that it fuses", () => {
  const fused = table.filter((line) => line.fused).map(({ rule }) => rule);
  expect([...new Set(fused)].sort()).toEqual(Object.keys(fusionRules).sort());
});

describe.each(table)("$rule: $why", ({ rule, made, fused }) => {
  test(fused ? "is fused, and keeps its values" : "is left as it is", () => {
    const value = made();
    const [found] = fuse([value], [fusionRules[rule]]);
    if (!fused) return expect(found).toBe(value);
    const lines = print(graphOf({ y: found })).split("\n");
    expect(lines.filter((line) => line.startsWith("%"))).toEqual(fused);
    const feeds = new Map<string, Array64>(
      ["x", "b"].map((name, seed) => {
        const shape = name === "x" ? [3, 4] : [4];
        const size = shape.reduce((a, b) => a * b);
        return [
          name,
          array64(
            shape,
            Array.from({ length: size }, (_, i) => Math.sin(i * (seed + 2))),
          ),
        ];
      }),
    );
    const [before, after] = evaluate([value, found], feeds);
    expect(after.data).toBeClose(before.data, { rtol: 0, atol: 1e-12 });
  });
});
