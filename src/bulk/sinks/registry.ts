import { extname } from "node:path";
import { NearfoldError } from "../../errors.ts";
import type { SinkKind } from "../sink.ts";
import { jsonl } from "./jsonl.ts";
import { npy } from "./npy.ts";
import { parquet } from "./parquet.ts";
import { safetensors } from "./safetensors.ts";
import { store } from "./store.ts";

/** Every kind of output, by the end of its name; "" is a folder. Adding one: a file, and a line here; `test/bulk-sinks.test.ts` then runs it too. */
export const sinks = {
  ".parquet": parquet,
  ".jsonl": jsonl,
  ".npy": npy,
  ".safetensors": safetensors,
  "": store,
} as const satisfies Record<string, SinkKind>;

export type SinkName = keyof typeof sinks;

/** The kind of an output by its name; a name without an extension, or with a slash at its end, is a folder's. @throws bad-argument */
export function chooseSink(out: string): SinkName {
  const extension = /[\\/]$/.test(out) ? "" : extname(out).toLowerCase();
  if (Object.hasOwn(sinks, extension)) return extension as SinkName;
  const known = Object.keys(sinks).filter((name) => name !== "");
  throw new NearfoldError("bad-argument", "not a kind of file for vectors", {
    at: out,
    wanted: `${known.join(", ")}, or a folder's name`,
  });
}
