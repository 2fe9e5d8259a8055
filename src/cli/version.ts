import { readFileSync } from "node:fs";
import { runtimeVersion } from "../runtime/version.ts";

/** The version of this package. */
export function packageVersion(): string {
  // As far up from src/cli/ as from dist/cli/.
  const json = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(json) as { version: string }).version;
}

/** What a model was made by, for its card. */
export function versionsNow(): Readonly<Record<string, string>> {
  return {
    nearfold: packageVersion(),
    "onnxruntime-node": runtimeVersion(),
    node: process.versions.node,
  };
}
