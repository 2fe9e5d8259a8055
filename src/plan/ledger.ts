/** What was made and measured before, by what it was made of: a run that was killed finds it again. */
import { createHash } from "node:crypto";
import { writeDurably } from "../durable.ts";
import { isJsonObject, readJson } from "../models/json-file.ts";

/** A fingerprint of everything that decides about a result. */
export function keyOf(made: object): string {
  return createHash("sha256").update(JSON.stringify(made)).digest("hex");
}

/** What is recorded under a path, if it is of this key; a file that is none of ours is as none. */
export async function recall<Value>(path: string, key: string): Promise<Value | undefined> {
  const found = await readJson(path).catch(() => undefined);
  if (!isJsonObject(found) || found.key !== key) return undefined;
  return found.value as Value;
}

/** Records a result, whole or not at all. Whatever lies beside it and belongs to it is written before. @throws io */
export async function record(path: string, key: string, value: unknown): Promise<void> {
  await writeDurably(path, `${JSON.stringify({ key, value })}\n`);
}
