/** Documents as rows that may be duplicates. */
import { type DedupeRow, type KeepName, keepRules, parseRank } from "../apps/dedupe/index.ts";
import type { InputText, TextInputOptions } from "./text-input.ts";

export interface DedupeInput extends Omit<TextInputOptions, "more"> {
  readonly fields?: readonly string[];
  readonly keep: KeepName;
  /** The field that the rule goes by. */
  readonly by?: string;
}

/** With the fields that are to be written, and the value of the one that the rule goes by. @throws bad-input for another kind of value */
export async function* dedupeRows(
  rows: AsyncIterable<InputText>,
  { keep, by, fields: written = [] }: DedupeInput,
): AsyncGenerator<DedupeRow> {
  const ranked = keepRules[keep].byField && by !== undefined;
  for await (const { id, text, fields = {} } of rows) {
    const rank = ranked ? parseRank(fields[by], keep, `${by} of ${id}`) : Number.NaN;
    yield { id, text, rank, fields: plainFields(fields, written) };
  }
}

/** Values that JSON has: Parquet's large numbers become texts, its bytes base64. */
function plainFields(
  fields: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const plain = (_: string, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  };
  return Object.fromEntries(
    names.map((name) => {
      const value = fields[name];
      const isPlain = typeof value !== "object" && typeof value !== "bigint";
      return [name, isPlain ? value : JSON.parse(JSON.stringify(value, plain))];
    }),
  );
}
