/** Another model for an index that serves: estimate, embed again, adapt queries meanwhile, cut over, go back. */
export { adaptEncoder } from "./adapted-encoder.ts";
export { type Adapter, findAdapter, saveAdapter } from "./adapter-file.ts";
export { type AdapterSides, fitAdapter, measureAdapter, queryOf } from "./fit-adapter.ts";
export { cancelMigration, cutOver, dropOld, rollBack, settle } from "./generations.ts";
export {
  generationOf,
  type MigrationRecord,
  readMigration,
  writeMigration,
} from "./migration-record.ts";
export { type Reembedded, type ReembedOptions, reembed } from "./reembed.ts";
export { storedRows } from "./source-rows.ts";
export { type Estimate, estimate, type Survey, surveyTexts, timeEncoder } from "./survey.ts";
