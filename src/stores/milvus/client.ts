/** Milvus' client, loaded when it is needed, and what it says as errors of ours. */
import { setTimeout as sleep } from "node:timers/promises";
import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import { type ErrorCode, NearfoldError, throwIfAborted } from "../../errors.ts";
import { type ServerReference, withoutPasswords } from "../server-reference.ts";

const PACKAGE = "@zilliz/milvus2-sdk-node";
const VERSION = "3.0.6";
const TIMEOUT_MS = 60_000;
const CONNECT_MS = 10_000;
/** How long a broken connection waits before it tries again; one that another client of this process broke is not waited for. */
const RECONNECT = {
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 1000,
};
/** Until a server that was restarted takes calls again. */
const RETRY_MS = [500, 1500];
const UNREACHABLE =
  /UNAVAILABLE|ECONN|ENOTFOUND|EAI_AGAIN|Name resolution|no connection|shutting down/i;

export interface CallOptions {
  /** What is wanted, for messages: "the search". */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
}

/** What every answer says of how it went. */
interface Answer {
  readonly status?: {
    readonly code?: number;
    readonly error_code?: unknown;
    readonly reason?: string;
  };
  readonly code?: number;
  readonly error_code?: unknown;
  readonly reason?: string;
}

/** Close with `await using`. */
export class Milvus implements AsyncDisposable {
  readonly #reference: ServerReference;
  readonly #client: MilvusClient;

  private constructor(reference: ServerReference, client: MilvusClient) {
    this.#reference = reference;
    this.#client = client;
  }

  /** @throws unsupported where the client is not installed; forbidden for a wrong password; io where no server answers */
  static async connect(reference: ServerReference): Promise<Milvus> {
    const { MilvusClient } = await load();
    const { host, username, password, pathname, searchParams } = reference.url;
    const database = decodeURIComponent(pathname.slice(1));
    const client = new MilvusClient({
      address: host,
      ssl: searchParams.get("ssl") === "true",
      logLevel: "error",
      timeout: TIMEOUT_MS,
      maxRetries: 1,
      channelOptions: RECONNECT,
      ...(username !== "" && { username: decodeURIComponent(username) }),
      ...(password !== "" && { password: decodeURIComponent(password) }),
      ...(database !== "" && { database }),
    });
    const milvus = new Milvus(reference, client);
    try {
      await milvus.#inTime(client.connectPromise, CONNECT_MS, "to connect");
      return milvus;
    } catch (cause) {
      await client.closeConnection().catch(() => {});
      throw cause;
    }
  }

  /**
   * Calls the client, again where no server answers: every call may be repeated. An answer that says it failed is an error too. A signal stops the
   * waiting, not the server.
   */
  async call<T extends object>(
    work: (client: MilvusClient) => Promise<T>,
    { doing, signal }: CallOptions,
  ): Promise<T> {
    throwIfAborted(signal, doing);
    const aborted = Promise.withResolvers<never>();
    const stop = () => aborted.reject(new NearfoldError("aborted", `${doing} was stopped`));
    signal?.addEventListener("abort", stop, { once: true });
    aborted.promise.catch(() => {});
    try {
      for (let again = 0; ; again++) {
        try {
          const answer = await Promise.race([work(this.#client), aborted.promise]);
          const failure = failureOf(answer);
          if (failure !== undefined) throw new Error(failure);
          return answer;
        } catch (cause) {
          if (again === RETRY_MS.length || !UNREACHABLE.test(textOf(cause))) throw cause;
          await Promise.race([sleep(RETRY_MS[again]), aborted.promise]);
        }
      }
    } catch (cause) {
      throw this.#asOurs(cause, doing);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.closeConnection().catch(() => {});
  }

  async #inTime<T>(work: Promise<T>, ms: number, doing: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("no answer in time: UNAVAILABLE")), ms);
    try {
      return await Promise.race([work, late.promise]);
    } catch (cause) {
      throw this.#asOurs(cause, doing);
    } finally {
      clearTimeout(timer);
    }
  }

  #asOurs(cause: unknown, doing: string): NearfoldError {
    if (cause instanceof NearfoldError) return cause;
    const text = textOf(cause);
    const got = withoutPasswords(text, this.#reference);
    const { code, what, hint } = meaningOf(got);
    return new NearfoldError(code, what, {
      ...{ at: this.#reference.name, got, wanted: doing, cause: new Error(got) },
      ...(hint !== undefined && { hint }),
    });
  }
}

async function load(): Promise<typeof import("@zilliz/milvus2-sdk-node")> {
  try {
    return await import("@zilliz/milvus2-sdk-node");
  } catch (cause) {
    throw new NearfoldError("unsupported", "Milvus' client is not installed", {
      wanted: `the package ${PACKAGE}`,
      hint: `npm install ${PACKAGE}@${VERSION}`,
      cause,
    });
  }
}

function textOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return failureOf(cause as Answer) ?? String(cause);
}

function failureOf(answer: Answer): string | undefined {
  const { code = 0, error_code = "Success", reason = "" } = answer.status ?? answer;
  if (typeof code !== "number" || (code === 0 && /^(?:Success|0)$/.test(String(error_code))))
    return;
  return reason || `${String(error_code)} (${code})`;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

/** By what gRPC and Milvus say. */
function meaningOf(text: string): Meaning {
  if (/UNAUTHENTICATED|auth check failure|PERMISSION_DENIED|permission deny/i.test(text)) {
    const hint = "Is the password right?";
    return { code: "forbidden", what: "the server lets this user not in", hint };
  }
  if (UNREACHABLE.test(text)) {
    const hint = "Is it running, and is its address right?";
    return { code: "io", what: "the server does not answer", hint };
  }
  if (/DEADLINE_EXCEEDED/i.test(text)) return { code: "timeout", what: "it took too long" };
  if (/RESOURCE_EXHAUSTED|message larger|rate limit|too many/i.test(text)) {
    return { code: "overloaded", what: "the server takes no more", hint: "Try again with less" };
  }
  if (/database not found|can't find collection|collection not found/i.test(text)) {
    return { code: "not-found", what: "the database or the collection is not there" };
  }
  return { code: "io", what: "the server refused" };
}
