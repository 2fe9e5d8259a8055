import { expect, test } from "vitest";
import { UNKNOWN } from "../graph/dim.ts";
import { constant, input, int64s, makeNode, only, topological } from "../graph/node.ts";
import { add, concat, dimOf, gather, reshape } from "../graph/ops/index.ts";
import { floats } from "../tensor/tensor.ts";
import { bindInputs } from "./bind.ts";

const ids = input("ids", "int64", ["batch", "sequence"]);
const table = constant(floats([1, 2, 3, 4], [2, 2]), "table");
const bound = input("input_ids", "int64", ["B", "S"]);
const names = new Map([
  ["batch", "B"],
  ["sequence", "S"],
]);
const bind = (value: typeof ids) => bindInputs([value], new Map([[ids, bound]]), names)[0];

/** As a file declares it: what its ops say is not asked. */
const declared = (shape: readonly (number | string)[]) =>
  only(
    makeNode({ op: "Strange", inputs: [ids], types: [{ dtype: "float32", shape }], name: "odd" }),
  );

test("types are inferred from what is bound, through sizes that are computed", () => {
  const rows = gather(table, ids);
  const merged = reshape(rows, concat([dimOf(ids, 0), int64s([-1])], 0));
  expect(bind(merged).shape).toEqual(["B", "2*S"]);
});

test.each([
  ["the names of sizes are those of what is bound", ["batch", "sequence", 2], ["B", "S", 2]],
  ["others are not believed", ["batch", "unk__12", 2], ["B", UNKNOWN, 2]],
  ["nor what is made of several", ["batch*sequence", UNKNOWN], [UNKNOWN, UNKNOWN]],
  ["a shape that is not known stays so", ["..."], ["..."]],
])("%s", (_, shape, wanted) => {
  const { shape: found, node } = bind(declared(shape));
  expect(found).toEqual(wanted);
  expect(node.name).toBe("odd");
});

test("what is not reached by an input is the same as before", () => {
  const sum = add(table, 1);
  expect(topological([bind(add(gather(table, ids), sum))]).map(({ op }) => op)).toContain("Add");
  expect(() => bind(gather(table, input("more", "int64", [1])))).toThrow(/not bound/);
});
