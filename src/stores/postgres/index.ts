/**
 * A store in PostgreSQL with pgvector 0.8 or later: a table for each index, in a schema `nearfold` of its database. Vectors are kept as float16
 * (`halfvec`), so a score is right to about 1e-3. From 10,000 rows on `optimize` builds a graph (HNSW); before, and for more than 500 hits, all rows are compared.
 * `candidates=200` in the reference has a search look at that many rows at least, which finds more and takes longer.
 * A batch is one transaction; batches of two writers come one after the other, row by row in the order of ids. `rows()` holds a snapshot and a
 * connection until it ends.
 */
import { NearfoldError } from "../../errors.ts";
import type { Space } from "../../space.ts";
import { isAsTheyAre, type Kept } from "../kept.ts";
import { parseServerReference } from "../server-reference.ts";
import type { OpenStoreOptions, StoreKind, VectorStore } from "../store.ts";
import { Connections } from "./connections.ts";
import { parseCandidates } from "./graph.ts";
import { PostgresStore } from "./postgres-store.ts";
import { openIndex, RECORDS } from "./schema.ts";

const example = "postgres://user:password@host:5432/database?index=products";

export const postgres: StoreKind = {
  about: "a PostgreSQL server with pgvector",
  example,
  claims: (reference) => /^postgres(?:ql)?:\/\//.test(reference),
  persistent: true,
  formats: false,
  open: openPostgresStore,
};

/**
 * @throws as `StoreKind.open`; forbidden for a wrong password; io where no server answers; unsupported without pgvector 0.8, for another format
 * than float32's, or more than 4,000 dimensions
 */
export async function openPostgresStore(
  reference: string,
  options: OpenStoreOptions = {},
): Promise<VectorStore> {
  const parsed = parseServerReference(reference, { example, index: "documents" });
  const { name, index, url } = parsed;
  const candidates = parseCandidates(url.searchParams.get("candidates"));
  url.searchParams.delete("candidates");
  if (index === RECORDS) {
    const [got, wanted] = [index, "another name: nearfold's own table has this one"];
    throw new NearfoldError("bad-argument", "not the name of an index", { got, wanted });
  }
  if (options.model) refuseFormats(options.kept, options.model.space, name);
  await using opening = new AsyncDisposableStack();
  const connections = opening.use(await Connections.to(parsed));
  const record = await openIndex(connections, parsed, options);
  refuseFormats(options.kept, record.space, name);
  const halfvec = await connections.read(
    async (client) => (await client.query("SELECT 'halfvec'::regtype::oid AS type")).rows[0].type,
    { doing: "to open the index" },
  );
  const writes = options.access !== "read";
  const store = new PostgresStore(name, {
    ...{ index, record, connections, halfvec, writes, candidates },
  });
  opening.move();
  return store;
}

function refuseFormats(kept: Kept | undefined, space: Space, at: string): void {
  if (!kept || isAsTheyAre(kept, space)) return;
  const hint = "Leave the format out, or use a folder";
  throw new NearfoldError("unsupported", "PostgreSQL keeps vectors as float16 alone", { at, hint });
}
