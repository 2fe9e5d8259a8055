import { readFileSync } from "node:fs";

/** The version of this package. */
export function packageVersion(): string {
  // As far up from src/cli/ as from dist/cli/.
  const json = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(json) as { version: string }).version;
}
