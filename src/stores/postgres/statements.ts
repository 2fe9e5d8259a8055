/** The statements of a store, as SQL and its parameters. */

import { createHash } from "node:crypto";
import type { QueryConfig } from "pg";
import type { Filter } from "../filter.ts";
import { nameOf } from "./schema.ts";
import { type Bind, whereOf } from "./where.ts";

/** The most hits that are looked for in the graph; for more, all rows are compared. */
export const MAX_NEAREST = 500;

/** Collects parameters from `$1` on. */
function parameters(...first: readonly unknown[]): { values: unknown[]; bind: Bind } {
  const values = [...first];
  return { values, bind: (value) => `$${values.push(value)}` };
}

export interface ReadOptions {
  readonly filter?: Filter | undefined;
  readonly vectors?: boolean | undefined;
  readonly payloads?: boolean | undefined;
}

const columns = ({ vectors = false, payloads = true }: Omit<ReadOptions, "filter">) =>
  ["id", ...(payloads ? ["payload"] : []), ...(vectors ? ["vector::text AS vector"] : [])].join();

export function countRows(index: string, filter: Filter | undefined): QueryConfig {
  const { values, bind } = parameters();
  const where = filter ? ` WHERE ${whereOf(filter, bind)}` : "";
  return { text: `SELECT count(*) AS count FROM ${nameOf(index)}${where}`, values };
}

export function rowsById(index: string, ids: readonly string[], vectors?: boolean): QueryConfig {
  const text = `SELECT ${columns({ vectors })} FROM ${nameOf(index)} WHERE id = ANY($1::text[])`;
  return { text, values: [ids] };
}

export interface PageSpan {
  readonly after?: string | undefined;
  /** @default all */
  readonly limit?: number | undefined;
}

/** Rows in the order of their ids where there is a limit. */
export function rowsAfter(
  index: string,
  { after, limit }: PageSpan,
  { filter, ...what }: ReadOptions,
): QueryConfig {
  const { values, bind } = parameters();
  const conditions = [
    ...(after === undefined ? [] : [`id > ${bind(after)}::text`]),
    ...(filter ? [whereOf(filter, bind)] : []),
  ];
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  const page = limit === undefined ? "" : ` ORDER BY id LIMIT ${limit}`;
  return { text: `SELECT ${columns(what)} FROM ${nameOf(index)}${where}${page}`, values };
}

export interface Nearest {
  /** Hits, and those before them that are left out. */
  readonly k: number;
  readonly offset: number;
  readonly filter?: Filter | undefined;
  /** Compare all rows, whatever index there is. */
  readonly exact: boolean;
}

/**
 * The nearest rows to each of some queries, `$1` a `halfvec[]`: query (from 1), id, payload, score. Ties at the end are looked at together, so
 * that the lower ids come first. An index is used where the order is its own distance's and nothing else's.
 */
export function nearest(index: string, queries: Buffer, options: Nearest): QueryConfig {
  const { k, offset, filter, exact } = options;
  const { values, bind } = parameters(queries);
  const where = filter ? ` WHERE ${whereOf(filter, bind)}` : "";
  const wanted = k + offset;
  const order = exact
    ? `ORDER BY 0 + (vector <#> asked.vector), id LIMIT ${wanted}`
    : `ORDER BY vector <#> asked.vector FETCH FIRST ${wanted} ROWS WITH TIES`;
  const text = `SELECT asked.query::int, hit.id, hit.payload, 0 - hit.away AS score
    FROM unnest($1::halfvec[]) WITH ORDINALITY AS asked (vector, query)
    CROSS JOIN LATERAL (SELECT * FROM (
      SELECT id, payload, vector <#> asked.vector AS away FROM ${nameOf(index)}${where} ${order}
    ) AS near ORDER BY away, id LIMIT ${wanted}) AS hit`;
  return filter ? { text, values } : { name: statementName(text), text, values };
}

/** Planned once for each connection. A filter has values that its plan depends on. */
function statementName(text: string): string {
  return `nearfold-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

/** Puts rows in, in the order of their ids, so that two writers never wait for each other both. */
export function upsertRows(
  index: string,
  ids: readonly string[],
  vectors: Buffer,
  payloads: readonly (string | null)[],
): QueryConfig {
  const text = `INSERT INTO ${nameOf(index)} (id, vector, payload)
    SELECT * FROM unnest($1::text[], $2::halfvec[], $3::text[]::jsonb[])
    ON CONFLICT (id) DO UPDATE SET vector = excluded.vector, payload = excluded.payload`;
  return { text, values: [ids, vectors, payloads] };
}

export function deleteRows(index: string, ids: readonly string[]): QueryConfig {
  const text = `DELETE FROM ${nameOf(index)} AS row USING (
      SELECT id FROM ${nameOf(index)} WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE
    ) AS gone WHERE row.id = gone.id`;
  return { text, values: [ids] };
}
