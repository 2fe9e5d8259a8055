/** The data sets of a training: files as they are named, or a file that lists them with their losses. */
import { basename, dirname, resolve } from "node:path";
import { NearfoldError } from "../errors.ts";
import { isJsonObject, readJson, show } from "../models/json-file.ts";
import type { Role } from "../models/model.ts";
import { type NamedLoss, namedLoss } from "./training-loss.ts";

/** A file of rows, and what they are trained for. */
export interface TaskFile {
  readonly path: string;
  /** For messages and the model's card. */
  readonly name: string;
  /** @default the run's */
  readonly loss?: NamedLoss;
  /** @default the model's */
  readonly prompts?: Partial<Readonly<Record<Role, string>>>;
}

/** Files that were named themselves. */
export function taskFiles(paths: readonly string[]): readonly TaskFile[] {
  return paths.map((path) => ({ path, name: basename(path) }));
}

/** Each is a file that is read, and a graph of its own. */
const MOST_TASKS = 256;

const WANTED = '{"data": "pairs.jsonl", "loss"?, "prompts"?: {"query"?, "document"?}, "name"?}';

/**
 * A list of `{"data", "loss"?, "prompts"?, "name"?}`, or an object that has it as `tasks`. Paths begin where the file lies.
 * @throws not-found, bad-input, bad-argument, unsupported naming file and field
 */
export async function readTasks(path: string): Promise<readonly TaskFile[]> {
  const json = await readJson(path);
  if (json === undefined) {
    throw new NearfoldError("not-found", "there is no such file", { at: path });
  }
  const within = isJsonObject(json) && "tasks" in json;
  if (within) requireKnown(json, ["tasks"], path);
  const list = within ? json.tasks : json;
  if (!Array.isArray(list) || list.length === 0 || list.length > MOST_TASKS) {
    const [got, wanted] = [show(list), `[${WANTED}, …], at most ${MOST_TASKS}`];
    throw new NearfoldError("bad-input", "no list of tasks", { at: path, got, wanted });
  }
  return list.map((task, i) => parseTask(task, path, `${path}, ${within ? "tasks" : ""}[${i}]`));
}

function parseTask(value: unknown, path: string, at: string): TaskFile {
  if (!isJsonObject(value)) {
    throw new NearfoldError("bad-input", "no task", { at, got: show(value), wanted: WANTED });
  }
  requireKnown(value, ["data", "loss", "prompts", "name"], at);
  const { loss, prompts } = value;
  const data = textOf(value.data, `${at}.data`, "a file of rows");
  const name =
    value.name === undefined ? basename(data) : textOf(value.name, `${at}.name`, "a name");
  return {
    path: resolve(dirname(path), data),
    name,
    ...(loss !== undefined && { loss: namedLoss(loss, `${at}.loss`) }),
    ...(prompts !== undefined && { prompts: parsePrompts(prompts, `${at}.prompts`) }),
  };
}

function parsePrompts(value: unknown, at: string): NonNullable<TaskFile["prompts"]> {
  const wanted = '{"query"?: TEXT, "document"?: TEXT}';
  if (!isJsonObject(value) || Object.values(value).some((text) => typeof text !== "string")) {
    throw new NearfoldError("bad-input", "no prompts", { at, got: show(value), wanted });
  }
  requireKnown(value, ["query", "document"], at);
  return value;
}

function requireKnown(value: object, known: readonly string[], at: string): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other === undefined) return;
  const details = { at, got: show(other), wanted: known.join(", ") };
  throw new NearfoldError("bad-input", "an unknown field", details);
}

function textOf(value: unknown, at: string, wanted: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  const got = show(value);
  throw new NearfoldError("bad-input", "not a usable text", { at, got, wanted });
}
