/** Connections to PostgreSQL, from a pool: what is read, what is written, and what becomes of both when the server goes away. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient, PoolConfig } from "pg";
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import type { ServerReference } from "../server-reference.ts";
import { isConflict, isLost, toStoreError } from "./errors.ts";

/** As many as are searched with at once. */
export const POOL_SIZE = 8;

const DEFAULTS = {
  max: POOL_SIZE,
  // Also how long one waits for a connection that is free.
  connectionTimeoutMillis: 20_000,
  statement_timeout: 300_000,
  keepAlive: true,
  allowExitOnIdle: true,
  application_name: "nearfold",
} as const satisfies PoolConfig;

/** Until a server that was restarted takes connections again. */
const RETRY_MS = 500;
const MAX_CONFLICTS = 5;

/** pgvector's own schema is the one that is searched, wherever it was installed; an approximate search goes on until it has what it should. */
const ON_CONNECT = `SELECT
  set_config('search_path', coalesce((SELECT quote_ident(nspname) FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'), 'public'), false),
  set_config('hnsw.iterative_scan', 'strict_order', false),
  set_config('jit', 'off', false)`;

export interface WorkOptions {
  /** What is wanted, for messages: "the search". */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
}

/** Close with `await using`. */
export class Connections implements AsyncDisposable {
  readonly #reference: ServerReference;
  readonly #pool: Pool;
  /** For what must not wait for the others: to stop them, and to see how far they are. */
  readonly #control: Pool;

  private constructor(reference: ServerReference, pool: Pool, control: Pool) {
    this.#reference = reference;
    this.#pool = pool;
    this.#control = control;
  }

  /** Nothing is connected yet. The driver is loaded here, so that who uses no PostgreSQL does not pay for it. */
  static async to(reference: ServerReference): Promise<Connections> {
    const { Pool } = await import("pg");
    const open = (max: number) => {
      const pool = new Pool({
        ...DEFAULTS,
        max,
        connectionString: reference.url.href,
        // Its promise is waited for, whatever its type says.
        onConnect: (client) => {
          // A connection that breaks fails its query; nobody else need hear of it.
          client.on("error", () => {});
          return client.query(ON_CONNECT) as unknown as undefined;
        },
      });
      pool.on("error", () => {});
      return pool;
    };
    return new Connections(reference, open(POOL_SIZE), open(1));
  }

  /** Reads; once more where the connection broke. @throws NearfoldError, as all of these */
  async read<T>(
    work: (client: PoolClient) => Promise<T>,
    { doing, signal }: WorkOptions,
  ): Promise<T> {
    return await this.#asOurs(doing, () =>
      againIf(isLost, 1, () => this.#with(work, { doing, signal })),
    );
  }

  /**
   * Writes in one transaction: all of it is there, or nothing. Begun again where another transaction was in the way, or where the connection turned
   * out to be broken before anything was sent; one that breaks later fails, and the caller may repeat what is idempotent.
   */
  async transaction<T>(
    work: (client: PoolClient) => Promise<T>,
    { doing, signal }: WorkOptions,
  ): Promise<T> {
    return await this.#asOurs(doing, () =>
      againIf(isConflict, MAX_CONFLICTS, async () => {
        const client = await againIf(isLost, 1, async () => {
          const taken = await this.#pool.connect();
          try {
            await taken.query("BEGIN");
            return taken;
          } catch (error) {
            taken.release(true);
            throw error;
          }
        });
        return await this.#finished(client, { doing, signal }, async () => {
          const result = await work(client);
          await client.query("COMMIT");
          return result;
        });
      }),
    );
  }

  /** A connection for as long as the caller wants; its settings go with it. */
  async alone<T>(
    work: (client: PoolClient) => Promise<T>,
    { doing, signal }: WorkOptions,
  ): Promise<T> {
    return await this.#asOurs(doing, async () => {
      const client = await againIf(isLost, 1, () => this.#pool.connect());
      return await this.#finished(client, { doing, signal, reset: true }, () => work(client));
    });
  }

  /** Rows of one snapshot, some at a time. Its connection is given back when they end, or are no longer wanted. */
  async *reading<Row>(
    {
      text,
      values,
      at,
    }: { readonly text: string; readonly values: readonly unknown[]; readonly at: number },
    { doing, signal }: WorkOptions,
  ): AsyncGenerator<Row> {
    const { default: Cursor } = await import("pg-cursor");
    const client = await this.#asOurs(doing, () => againIf(isLost, 1, () => this.#pool.connect()));
    let failed = true;
    const cancelling = this.#cancelled(client, signal);
    try {
      await this.#asOurs(doing, () =>
        client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
      );
      const cursor = client.query(new Cursor<Row>(text, [...values]));
      for (;;) {
        const rows = await this.#asOurs(doing, () => cursor.read(at));
        if (rows.length === 0) break;
        yield* rows;
      }
      await this.#asOurs(doing, () => client.query("COMMIT"));
      failed = false;
    } catch (error) {
      throwIfAborted(signal, doing);
      throw error;
    } finally {
      const stopped = await cancelling();
      // Left in the middle, its cursor goes with it.
      client.release(failed || stopped);
    }
  }

  /** Asks beside whatever is under way. */
  async beside(
    sql: string,
    values: readonly unknown[],
  ): Promise<readonly Record<string, unknown>[]> {
    return (await this.#control.query(sql, [...values])).rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pool.end(), this.#control.end()]);
  }

  async #with<T>(work: (client: PoolClient) => Promise<T>, options: WorkOptions): Promise<T> {
    throwIfAborted(options.signal, options.doing);
    const client = await this.#pool.connect();
    return await this.#finished(client, options, () => work(client));
  }

  /** Runs work that a signal stops on the server too, and gives the connection back, if it is still good. */
  async #finished<T>(
    client: PoolClient,
    { doing, signal, reset = false }: WorkOptions & { readonly reset?: boolean },
    work: () => Promise<T>,
  ): Promise<T> {
    const cancelling = this.#cancelled(client, signal);
    let failed = true;
    try {
      throwIfAborted(signal, doing);
      const result = await work();
      failed = false;
      return result;
    } catch (error) {
      throwIfAborted(signal, doing);
      throw error;
    } finally {
      const stopped = await cancelling();
      // A connection that failed in a transaction is not worth mending.
      client.release(failed || reset || stopped);
    }
  }

  /** Has the server stop what a connection does when the signal fires. The function it gives ends that, and says whether it came to it. */
  #cancelled(client: PoolClient, signal: AbortSignal | undefined): () => Promise<boolean> {
    let stopping: Promise<unknown> | undefined;
    const { processID } = client as PoolClient & { readonly processID: number };
    const stop = () => {
      stopping = this.beside("SELECT pg_cancel_backend($1)", [processID]).catch(() => {});
    };
    signal?.addEventListener("abort", stop, { once: true });
    return async () => {
      signal?.removeEventListener("abort", stop);
      await stopping;
      return stopping !== undefined;
    };
  }

  async #asOurs<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toStoreError(error, this.#reference, doing);
    }
  }
}

async function againIf<T>(
  worth: (error: unknown) => boolean,
  times: number,
  work: () => Promise<T>,
): Promise<T> {
  for (let left = times; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || error instanceof NearfoldError || !worth(error)) throw error;
      await sleep(RETRY_MS);
    }
  }
}
