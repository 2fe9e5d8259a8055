/** Keyword search in PostgreSQL. */
import type { QueryConfig } from "pg";
import type { Filter } from "../filter.ts";
import { CONFIGURATION, nameOf } from "./schema.ts";
import { type Bind, whereOf } from "./where.ts";

/** Characters of a query that are read. */
const MAX_QUERY = 20_000;

/**
 * The rows that hold any word of a query, best first by cover density. The query's words are what the same configuration makes of it, quoted: no
 * operator is read out of a query.
 */
export function rowsByWords(
  index: string,
  query: string,
  {
    k,
    offset,
    filter,
  }: { readonly k: number; readonly offset: number; readonly filter?: Filter | undefined },
): QueryConfig {
  const values: unknown[] = [query.slice(0, MAX_QUERY).toWellFormed().replaceAll("\0", " ")];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const where = filter ? ` AND ${whereOf(filter, bind)}` : "";
  const quoted = `'''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || ''''`;
  const text = `WITH asked AS MATERIALIZED (SELECT string_agg(${quoted}, ' | ')::tsquery AS query
      FROM unnest(to_tsvector('${CONFIGURATION}', $1)))
    SELECT id, payload, ts_rank_cd(words, query)::float8 AS score
    FROM asked CROSS JOIN ${nameOf(index)} WHERE words @@ query${where}
    ORDER BY score DESC, id LIMIT ${k} OFFSET ${offset}`;
  return { text, values };
}
