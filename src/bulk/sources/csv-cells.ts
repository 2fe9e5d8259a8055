import { parse } from "csv-parse/sync";

/**
 * The cells of each of some records of CSV, without their line ends; undefined for what is no record, or more than one. They are parsed together, as a parser for each costs
 * more than what it parses (100,000 records of 60 characters: 9,000 a second, together 15,000); where the parser finds them to begin and end elsewhere, each alone.
 */
export function splitRecords(
  records: readonly string[],
): readonly (readonly string[] | undefined)[] {
  const together = parseRecords(records.join("\n"));
  let line = 0;
  const aligned = records.every((record, i) => {
    line += lineCount(record);
    return together[i]?.line === line;
  });
  if (aligned && together.length === records.length) return together.map(({ cells }) => cells);
  if (records.length === 1) return [undefined];
  return records.flatMap((record) => splitRecords([record]));
}

interface Parsed {
  readonly cells: readonly string[];
  /** On which it ends, from 1. */
  readonly line: number;
}

/** Nothing where a quote is not closed. */
function parseRecords(text: string): readonly Parsed[] {
  try {
    const found = parse(text, {
      // A quote inside a cell that began without one is a character like any other.
      relax_quotes: true,
      relax_column_count: true,
      record_delimiter: "\n",
      info: true,
    }) as unknown as readonly { readonly record: string[]; readonly info: { lines: number } }[];
    return found.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch {
    return [];
  }
}

function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
