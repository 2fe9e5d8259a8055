import { NearfoldError } from "../errors.ts";
import { blockFormat } from "./block-format.ts";
import { float16 } from "./float16-format.ts";
import { int8Format, int8Rows } from "./int8-format.ts";
import { int8StaticFormat } from "./int8-static-format.ts";
import type { WeightFormat } from "./weight-format.ts";

/** What may be written, by name. Adding one: a file, and a line here. */
export const weightFormats = {
  int8: int8Format({ bits: 8 }),
  int7: int8Format({ bits: 7 }),
  "int8-static": int8StaticFormat(),
  "int8-rows": int8Rows,
  "int8-block32": blockFormat({ bits: 8, block: 32 }),
  "int8-block128": blockFormat({ bits: 8, block: 128 }),
  "int4-block32": blockFormat({ bits: 4, block: 32 }),
  "int4-block128": blockFormat({ bits: 4, block: 128 }),
  float16,
} as const satisfies Record<string, WeightFormat>;

export type WeightFormatName = keyof typeof weightFormats;

/** @throws bad-argument naming those there are */
export function parseWeightFormat(name: string): WeightFormat {
  if (Object.hasOwn(weightFormats, name)) return weightFormats[name as WeightFormatName];
  throw new NearfoldError("bad-argument", "no such format of weights", {
    got: name,
    wanted: `one of ${Object.keys(weightFormats).join(", ")}`,
  });
}
