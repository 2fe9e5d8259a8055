/** Runs as trec_eval reads them: `query Q0 document rank score tag`, one hit a line. */
import { readRows } from "../data/jsonl.ts";
import { type Line, type LineOptions, quote } from "../data/lines.ts";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type Hit, type Run, sortHits, type TieOptions } from "./ranking.ts";

/**
 * Writes a run. trec_eval orders by score alone, as float32, and equal scores by document id descending.
 * @throws bad-argument for an id or a tag that is empty or holds white space; as `writeDurably`.
 */
export async function writeTrecRun(
  path: string,
  run: Run,
  { tag = "nearfold" }: { readonly tag?: string } = {},
): Promise<void> {
  await writeDurably(path, async (handle) => {
    for (const [query, ranking] of run) {
      const lines = ranking.map(
        ({ id, score }, i) => `${field(query)} Q0 ${field(id)} ${i + 1} ${score} ${field(tag)}\n`,
      );
      await handle.appendFile(lines.join(""));
    }
  });
}

/**
 * Reads a run; the order is by score, then by id, whatever the ranks in the file say.
 * @throws bad-input with file and line: another number of fields, a score that is no number, a document twice for a
 * query. Or `onBad`.
 */
export async function readTrecRun(
  path: string,
  { ties = "descending", ...options }: LineOptions & TieOptions = {},
): Promise<Run> {
  const run = new Map<string, Map<string, Hit>>();
  const parse = (line: Line): true => {
    const { query, id, score } = parseHit(line);
    const hits = run.get(query) ?? new Map<string, Hit>();
    if (hits.has(id)) throw malformed(line, "one line for a query and a document");
    run.set(query, hits.set(id, { id, score }));
    return true;
  };
  for await (const _ of readRows(path, parse, options));
  return new Map(run.entries().map(([query, hits]) => [query, sortHits(hits.values(), { ties })]));
}

function parseHit(line: Line): Hit & { readonly query: string } {
  const [query, , id, , number, ...tag] = line.text.trim().split(/\s+/);
  const score = Number(number);
  if (tag.length !== 1 || !Number.isFinite(score)) {
    throw malformed(line, "query Q0 document rank score tag");
  }
  return { query, id, score };
}

function malformed({ at, text }: Line, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "not a hit of a run", { at, got: quote(text), wanted });
}

function field(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new NearfoldError("bad-argument", "a TREC run cannot hold this id or tag", {
    got: quote(text),
    wanted: "no white space",
  });
}
