/** A few of the kills that `node scripts/soak.ts` makes a hundred of. */
import { expect, test } from "vitest";
import { soakIndexing, soakMigration } from "./soak.ts";
import { temporaryFolder } from "./temporary.ts";

const SOAK_MS = 180_000;

test.each([
  ["indexing", soakIndexing],
  ["migration", soakMigration],
])(
  "%s, killed at random moments: nothing lost, nothing twice",
  { timeout: SOAK_MS },
  async (_, soak) => {
    await using folder = await temporaryFolder();
    const options = { folder: folder.path, kills: 3, documents: 300, seed: 7 };
    expect((await soak(options)).kills).toBeGreaterThanOrEqual(3);
  },
);
