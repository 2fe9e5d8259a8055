import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Real data and models that lie beside the project on some machines, and are not part of it. */
const folder = resolve(import.meta.dirname, "../../shared");

export const sharedIsThere = existsSync(folder);

/** The name of a test that needs them, with the reason where it is skipped. */
export function whereShared(name: string): string {
  return sharedIsThere ? name : `${name} (skipped: ../shared is not there)`;
}

export function shared(...names: readonly string[]): string {
  return join(folder, ...names);
}
