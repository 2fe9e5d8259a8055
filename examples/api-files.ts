/**
 * Real data in the formats that the commands read: `npx node examples/api-files.ts FOLDER` writes the documented APIs in node_modules as
 * `pairs.jsonl`, `held-out.jsonl` and `documents.jsonl`.
 */
import { join } from "node:path";
import { argv } from "node:process";
import { writeDurably } from "../src/durable.ts";
import { extractApiPairs } from "./quickstart/api-pairs.ts";

const [, , folder = "api"] = argv;
const { train, dev, test } = await extractApiPairs();
const files = {
  "pairs.jsonl": [...train, ...dev].map(({ query, document }) => ({ query, document })),
  "held-out.jsonl": test.map(({ query, document }) => ({ query, document })),
  "documents.jsonl": [...train, ...dev, ...test].map(({ id, document }) => ({
    id,
    text: document,
  })),
};
for (const [name, rows] of Object.entries(files)) {
  const path = join(folder, name);
  await writeDurably(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  console.log(`${path}: ${rows.length} rows`);
}
