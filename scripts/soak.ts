/** `node scripts/soak.ts [KILLS] [DOCUMENTS] [SEED]`: kill -9 at random moments of indexing and of migration, a hundred of each, and a look at all that is left after each. */
import { soakIndexing, soakMigration } from "../test/soak.ts";
import { temporaryFolder } from "../test/temporary.ts";

const [kills = 100, documents = 3000, seed = 1] = process.argv.slice(2).map(Number);
for (const [name, soak] of Object.entries({ indexing: soakIndexing, migration: soakMigration })) {
  await using folder = await temporaryFolder();
  const done = await soak({ folder: folder.path, kills, documents, seed, log: console.error });
  console.log(`${name}: ${done.kills} kills, ${done.finished} runs to their end; all was right`);
}
