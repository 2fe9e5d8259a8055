import { describe, expect, test } from "vitest";
import { graphOf, input, scalar, type Value } from "../graph/node.ts";
import {
  add,
  cast,
  cos,
  cumulativeSum,
  dimOf,
  gather,
  matmul,
  mul,
  range,
  sin,
  unsqueeze,
} from "../graph/ops/index.ts";
import { decodeModel, encodeModel } from "../onnx/index.ts";
import { floats, longs, type Tensor } from "../tensor/tensor.ts";
import { importGraph } from "./onnx-architecture.ts";

const ids = input("input_ids", "int64", ["b", "s"]);
const mask = input("attention_mask", "int64", ["b", "s"]);
const table = input("table", "float32", [20, 4]);
const ramp = (shape: readonly number[]) =>
  floats(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
    shape,
  );
const tables = new Map<string, Tensor>([
  ["table", ramp([20, 4])],
  ["positions", ramp([32, 4])],
  ["segments", ramp([2, 4])],
  ["frequencies", ramp([4])],
  ["phases", ramp([4])],
  ["order", longs(Array.from({ length: 100 }, (_, i) => i))],
]);

/** The graph of these token vectors, written and read, as a text model. */
function importOf(tokens: Value, options: { positions?: number } = {}) {
  const masked = mul(tokens, unsqueeze(cast(mask, "float32"), [2]));
  const { bytes } = encodeModel(graphOf({ last_hidden_state: masked }), { weights: tables });
  return importGraph(decodeModel(bytes), { at: "a.onnx", pooled: false, vocabSize: 7, ...options });
}

const looked = gather(table, ids);
const places = range(dimOf(ids, 1));
const counted = add(
  looked,
  gather(input("positions", "float32", [32, 4]), add(cumulativeSum(mask, 1), scalar(1, "int64"))),
);
const sorted = (names: Iterable<string>) => [...names].sort();

describe("of an imported graph", () => {
  test("the table of tokens says how many there are, and has its gradient by rows", () => {
    const { config, architecture } = importOf(looked);
    expect(config).toMatchObject({ width: 4, vocabSize: 20, output: "last_hidden_state" });
    expect(architecture.tables).toEqual(["table"]);
  });

  test("a table that a product reads too has no gradient by rows", () => {
    const { config, architecture } = importOf(
      matmul(looked, matmul(table, table, { transA: true })),
    );
    expect(architecture.tables).toEqual([]);
    expect(config.vocabSize).toBe(7);
  });

  test.each([
    ["what is said", looked, { positions: 8 }, 8],
    ["the rows of the table of positions", positioned("positions", 32), {}, 32],
    ["two fewer where they are counted from the padding on", counted, {}, 30],
    ["not those of segments", positioned("segments", 2), {}, Number.POSITIVE_INFINITY],
    ["without any limit", looked, {}, Number.POSITIVE_INFINITY],
  ] as const)("the most tokens are %s", (_, tokens, options, wanted) => {
    const { config, architecture } = importOf(tokens, options);
    expect(architecture.maxTokens(config)).toBe(wanted);
    expect(architecture.positions).toBe(wanted);
  });

  test("rotary frequencies are no weights, what angles of tokens are computed of is", () => {
    const frequencies = mul(
      unsqueeze(cast(places, "float32"), [1]),
      input("frequencies", "float32", [4]),
    );
    const phases = sin(mul(looked, input("phases", "float32", [4])));
    const { weights, architecture } = importOf(add(mul(looked, cos(frequencies)), phases));
    expect(sorted(weights.keys())).toEqual(["phases", "table"]);
    expect([...architecture.imported!.constants.keys()]).toEqual(["frequencies"]);
  });

  test("integers are no weights", () => {
    const order = gather(input("order", "int64", [100]), ids);
    const { weights, architecture } = importOf(gather(table, order));
    expect([...weights.keys()]).toEqual(["table"]);
    expect([...architecture.imported!.constants.keys()]).toEqual(["order"]);
  });
});

function positioned(name: string, rows: number): Value {
  return add(looked, gather(input(name, "float32", [rows, 4]), places));
}
