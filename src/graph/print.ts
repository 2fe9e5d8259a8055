/** A graph as text that a person can read, one line a node. */
import type { Tensor } from "../tensor/tensor.ts";
import { type Attribute, type Graph, inputName, isInput, topological, type Value } from "./node.ts";
import { showType } from "./op.ts";

/** Numbers of a constant shown before it is cut short. */
const SHOWN = 8;

/**
 * ```
 * input ids : int32[T]
 * %1 = Gather(table, ids) axis=0 : float32[T,384]
 * return hidden = %1
 * ```
 */
export function print({ inputs, outputs }: Graph): string {
  const names = new Map<Value, string>();
  const lines = inputs.map((value) => {
    names.set(value, inputName(value));
    return `input ${inputName(value)} : ${showType(value)}`;
  });
  let count = 0;
  for (const node of topological(Object.values(outputs))) {
    if (node.op === "Input") continue;
    if (node.op === "Constant") {
      names.set(node.outputs[0], showConstant(node.attrs.value as Tensor));
      continue;
    }
    const made = node.outputs.map((output) => {
      names.set(output, `%${++count}`);
      return `%${count}`;
    });
    const from = node.inputs.map((input) => (input ? names.get(input) : "_")).join(", ");
    const attrs = Object.entries(node.attrs).flatMap(([name, value]) =>
      value === undefined ? [] : [` ${name}=${showAttribute(value)}`],
    );
    const op = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
    const types = node.outputs.map(showType).join(", ");
    const label = node.name ? `  # ${node.name}` : "";
    lines.push(`${made.join(", ")} = ${op}(${from})${attrs.join("")} : ${types}${label}`);
  }
  const returned = Object.entries(outputs).map(
    ([name, value]) => `return ${name} = ${isInput(value) ? inputName(value) : names.get(value)}`,
  );
  return [...lines, ...returned].join("\n");
}

function showAttribute(value: Attribute): string {
  if (typeof value !== "object") return `${value}`;
  if ("float" in value) return `${value.float}`;
  if ("floats" in value) return `[${value.floats}]`;
  if (Array.isArray(value)) return `[${value}]`;
  if ("data" in value) return showConstant(value);
  return `{${print(value as Graph).split("\n").length} lines}`;
}

function showConstant({ dtype, shape, data }: Tensor): string {
  const numbers = Array.from(data.subarray(0, SHOWN) as ArrayLike<number | bigint>, String);
  const more = data.length > SHOWN ? ", …" : "";
  if (shape.length === 0) return `${numbers[0]}`;
  return `${dtype}[${shape}]{${numbers.join(", ")}${more}}`;
}
