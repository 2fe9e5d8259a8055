/** Where a fresh store of each kind can be made, for the contract. */
import { join } from "node:path";
import type { stores } from "../../src/stores/index.ts";
import { temporaryFolder } from "../temporary.ts";

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
  readonly absent?: string;
}

async function inFolder(): Promise<Place> {
  const folder = await temporaryFolder();
  return {
    reference: join(folder.path, "index"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** One for each entry of the registry. */
export const places: Readonly<Record<keyof typeof stores, Places>> = {
  memory: {
    fresh: async () => ({ reference: "memory:", [Symbol.asyncDispose]: async () => {} }),
    atol: 1e-6,
  },
  embedded: { fresh: inFolder, atol: 1e-6 },
};
