/** What a recommender is on disk, beside the store of its items. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, writeDurably } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import type { Space } from "../../space.ts";
import { openSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { floats, ints, type Tensor } from "../../tensor/tensor.ts";
import type { Feedback } from "./feedback.ts";
import type { Towers } from "./towers.ts";

/** A folder that holds it is a recommender. */
export const MANIFEST = "recommender.json";
const TENSORS = "recommender.safetensors";
export const STORE = "items";

/** What it was made from. */
export const origins = ["texts", "interactions", "both"] as const;
export type Origin = (typeof origins)[number];

/** All but the items' vectors, which lie in the store. */
export interface Saved {
  readonly origin: Origin;
  readonly space: Space;
  readonly feedback: Feedback;
  readonly towers: Omit<Towers, "items">;
}

/** The space of what two towers make: all that a vector depends on. */
export function towersSpace({ items, choices, start, halfLife, longest }: Towers): Space {
  const hash = createHash("sha256").update(`towers ${halfLife} ${longest} ${items.shape}\0`);
  for (const { buffer, byteOffset, byteLength } of [items.data, choices.data, start]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return { id: `sha256:${hash.digest("hex")}`, dims: start.length, similarity: "dot" };
}

export async function saveRecommender(folder: string, saved: Saved): Promise<void> {
  const { origin, space, feedback, towers } = saved;
  const { users, items, histories } = feedback;
  const { choices, start, halfLife, longest } = towers;
  let end = 0;
  const ends = Int32Array.from(histories, ({ length }) => {
    end += length;
    return end;
  });
  const rows = new Int32Array(end);
  histories.forEach((history, user) => {
    rows.set(history, ends[user] - history.length);
  });
  const tensors = new Map<string, Tensor>([
    ["choices", choices],
    ["start", floats(start)],
    ["histories", ints(rows)],
    ["histories.ends", ints(ends)],
  ]);
  await writeSafetensors(join(folder, TENSORS), tensors);
  const manifest = { format: 1, origin, space, halfLife, longest, items, users };
  await writeDurably(join(folder, MANIFEST), `${JSON.stringify(manifest)}\n`);
}

/** @throws not-found; bad-input for a folder that is damaged */
export async function loadRecommender(folder: string): Promise<Saved> {
  const at = join(folder, MANIFEST);
  const text = await readFile(at, "utf8").catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw asIoError(cause, at, "read");
    throw new NearfoldError("not-found", "there is no recommender here", {
      at: folder,
      hint: "Make one: nearfold recommend FOLDER --fit INTERACTIONS",
    });
  });
  const { origin, space, halfLife, longest, items, users } = parseManifest(text, at);
  await using file = await openSafetensors(join(folder, TENSORS));
  const [choices, start] = [await file.readAsFloat32("choices"), await file.readAsFloat32("start")];
  const [rows, ends] = [await file.read("histories"), await file.read("histories.ends")];
  const fits =
    `${choices.shape}` === `${[items.length, space.dims]}` &&
    start.data.length === space.dims &&
    rows.dtype === "int32" &&
    ends.dtype === "int32" &&
    areHistories(rows.data as Int32Array, ends.data as Int32Array, items.length, users.length);
  if (!fits) throw damaged(join(folder, TENSORS), `what ${MANIFEST} says`);
  const flat = rows.data as Int32Array;
  const histories = Array.from(ends.data as Int32Array, (end, user) =>
    flat.subarray(user === 0 ? 0 : (ends.data as Int32Array)[user - 1], end),
  );
  const feedback = { users, items, histories };
  return { origin, space, feedback, towers: { choices, start: start.data, halfLife, longest } };
}

type Manifest = Pick<Saved, "origin" | "space"> &
  Pick<Towers, "halfLife" | "longest"> &
  Pick<Feedback, "items" | "users">;

function parseManifest(text: string, at: string): Manifest {
  let value: Partial<Manifest> & { readonly format?: unknown };
  try {
    value = JSON.parse(text) ?? {};
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", { at, cause });
  }
  const { format, origin, space, halfLife, longest, items, users } = value;
  if (typeof format === "number" && format > 1) {
    throw new NearfoldError("unsupported", "a newer version wrote this", { at });
  }
  const isNames = (list: unknown) =>
    Array.isArray(list) && list.every((name) => typeof name === "string");
  const fits =
    origins.includes(origin as Origin) &&
    typeof space?.id === "string" &&
    Number.isSafeInteger(space.dims) &&
    (halfLife as number) > 0 &&
    (longest as number) > 0 &&
    isNames(items) &&
    isNames(users);
  if (format !== 1 || !fits) throw damaged(at, "a recommender's record");
  return value as Manifest;
}

function areHistories(rows: Int32Array, ends: Int32Array, items: number, users: number): boolean {
  return (
    ends.length === users &&
    (ends.at(-1) ?? 0) === rows.length &&
    ends.every((end, user) => end >= (user === 0 ? 0 : ends[user - 1])) &&
    rows.every((row) => row >= 0 && row < items)
  );
}

function damaged(at: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "the recommender is damaged", {
    at,
    wanted,
    hint: "Make it anew with --replace",
  });
}
