/** What deployment is written in, read: nothing of it is started here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const root = join(import.meta.dirname, "../..");

export const readText = (name: string) => readFile(join(root, name), "utf8");

// biome-ignore lint/suspicious/noExplicitAny: what a manifest holds is looked at, not trusted
export type Manifest = any;

/** The documents of a YAML file. @throws for what is no YAML, or YAML with warnings */
export async function readManifests(name: string): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await readText(name), { uniqueKeys: true });
  if (!Array.isArray(documents)) throw new Error(`${name}: nothing in it`);
  const faults = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (faults.length > 0) throw new Error(`${name}: ${faults.map(String).join("; ")}`);
  return documents.map((document) => document.toJS());
}

/** The instructions of a Dockerfile, in order; lines that go on are one. */
export function instructionsOf(text: string): readonly (readonly [name: string, rest: string])[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  return lines
    .join("\n")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name, ...rest] = line.split(" ");
      return [name, rest.join(" ")] as const;
    });
}

/** `KEY=value` lines of a unit, by section. A key may be there more than once. */
export function unitOf(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let section = "";
  for (const line of text.split("\n")) {
    const head = /^\[(?<name>\w+)\]$/.exec(line);
    if (head) section = head.groups!.name;
    const pair = /^(?<key>\w+)=(?<value>.*)$/.exec(line)?.groups;
    if (!pair) continue;
    const key = `${section}.${pair.key}`;
    found.set(key, [...(found.get(key) ?? []), pair.value]);
  }
  return found;
}

/** "70s" as seconds. */
export function secondsOf(text: string): number {
  const found = /^(?<seconds>\d+)s?$/.exec(text);
  if (!found) throw new Error(`not seconds: ${text}`);
  return Number(found.groups!.seconds);
}
