/** Where a fresh store of each kind can be made, for the contract. */
import { join } from "node:path";
import { afterAll } from "vitest";
import type { stores } from "../../src/stores/index.ts";
import { temporaryFolder } from "../temporary.ts";
import { whyAbsent } from "./fetched-servers.ts";
import { startMilvus } from "./milvus-server.ts";
import { startPostgres } from "./postgres-server.ts";

/** Closes with `await using`, and what was made there goes with it. */
export interface Place extends AsyncDisposable {
  /** Nothing is there yet. */
  readonly reference: string;
}

export interface Places {
  readonly fresh: () => Promise<Place>;
  /** What rounding of kept vectors may do to a score. */
  readonly atol: number;
  /** Why its tests skip, where its server is not at hand. */
  readonly absent?: string | undefined;
}

async function inFolder(): Promise<Place> {
  const folder = await temporaryFolder();
  return {
    reference: join(folder.path, "index"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const servers = new AsyncDisposableStack();
afterAll(() => servers.disposeAsync());

/** On one server for all tests of a file, which is started for the first of them: an index of its own each. */
function onServer(
  start: () => Promise<AsyncDisposable & { url(options: { index: string }): string }>,
) {
  let starting: ReturnType<typeof start> | undefined;
  let made = 0;
  return async (): Promise<Place> => {
    starting ??= start().then((server) => servers.use(server));
    const reference = (await starting).url({ index: `t${made++}` });
    return { reference, [Symbol.asyncDispose]: async () => {} };
  };
}

/** One for each entry of the registry. */
export const places: Readonly<Record<keyof typeof stores, Places>> = {
  memory: {
    fresh: async () => ({ reference: "memory:", [Symbol.asyncDispose]: async () => {} }),
    atol: 1e-6,
  },
  postgres: { fresh: onServer(startPostgres), atol: 1e-3, absent: whyAbsent("postgres") },
  milvus: { fresh: onServer(startMilvus), atol: 1e-6, absent: whyAbsent("milvus") },
  embedded: { fresh: inFolder, atol: 1e-6 },
};
