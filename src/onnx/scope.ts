/** Values by name, while a file is read. */
import { NearfoldError } from "../errors.ts";
import type { Type, Value } from "../graph/node.ts";
import type { GraphProto } from "./proto.ts";
import { fromValueInfo } from "./type-proto.ts";

/** What is shared by all graphs of one file. */
export interface Reader {
  /** What errors call the file. */
  readonly at: string;
  /** By domain: what the file imports. */
  readonly opsets: ReadonlyMap<string, number>;
  /** The same, raised where an old form was upgraded. */
  readonly needs: Map<string, number>;
}

/** The values of one graph. */
export interface Scope {
  /** @throws bad-input when the name is empty or taken. */
  readonly define: (name: string, value: Value) => void;
  /** @throws bad-input when nothing so far has the name. */
  readonly resolve: (name: string, at: string) => Value;
  /** As `resolve`, undefined when nothing has it. */
  readonly find: (name: string) => Value | undefined;
  readonly declared: ReadonlyMap<string, Type>;
}

/** Finds a name outside of a body. */
export type Capture = (name: string) => Value | undefined;

/** A scope without values yet; names that it does not define are looked up by `capture`. */
export function makeScope(proto: GraphProto, at: string, capture?: Capture): Scope {
  const values = new Map<string, Value>();
  const find = (name: string) => values.get(name) ?? capture?.(name);
  const declared = new Map<string, Type>();
  for (const info of [...(proto.valueInfo ?? []), ...(proto.output ?? [])]) {
    const type = fromValueInfo(info);
    if (type) declared.set(info.name ?? "", type);
  }
  return {
    declared,
    find,
    define: (name, value) => {
      if (name !== "" && !values.has(name)) {
        values.set(name, value);
        return;
      }
      const what = name === "" ? "a value without a name" : "two values share a name";
      throw new NearfoldError("bad-input", what, { at, ...(name !== "" && { got: name }) });
    },
    resolve: (name, where) => {
      const found = find(name);
      if (found) return found;
      const later = proto.node?.some(({ output }) => output?.includes(name));
      throw new NearfoldError(
        "bad-input",
        later
          ? "a value is read before it is made: the nodes are out of order, or in a cycle"
          : "a value is read that nothing makes",
        { at: where, got: name },
      );
    },
  };
}
