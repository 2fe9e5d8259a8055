/**
 * Models of the Hub on this disk. A model's place is HUB/ORG/NAME, and in it
 *
 *     refs/main.json           the commit that a branch or tag last stood for
 *     COMMIT/NAME/…            the model's folder, filled file by file
 *     COMMIT/parts/…           what is not whole yet
 *     COMMIT/manifest.json     written last: without it nobody reads the folder
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { asIoError, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type Endpoint, isCommit, isHubId } from "./id.ts";
import { isOfSize, parseRemoteFile, type RemoteFile } from "./remote-file.ts";

/** Places of one commit of a model. */
export interface SnapshotPlace {
  readonly commit: string;
  /** The model's own name is its last, as a model is called by its folder. */
  readonly folder: string;
  readonly parts: string;
  readonly manifest: string;
  readonly lock: string;
}

/** What a snapshot holds, all of it whole. */
export interface Manifest {
  readonly id: string;
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

const FORMAT = "nearfold hub snapshot";
const VERSION = 1;
const MANIFEST = "manifest.json";
const MAX_BYTES = 32 * 2 ** 20;

/** Where the commits of a model are. */
export function modelPlace(cache: string, endpoint: Endpoint, id: string): string {
  return join(cache, "hub", endpoint.key, ...id.split("/"));
}

export function snapshotPlace(place: string, commit: string): SnapshotPlace {
  const at = (name: string) => join(place, commit, name);
  const folder = at(basename(place));
  return { commit, folder, parts: at("parts"), manifest: at(MANIFEST), lock: at("lock") };
}

/**
 * What a snapshot holds; undefined for one that is not whole. Sizes are compared; hashes were when it was written.
 * @throws bad-input where a file went away or changed its size since, or the manifest is none; io
 */
export async function readSnapshot({
  folder,
  manifest: at,
}: SnapshotPlace): Promise<Manifest | undefined> {
  const json = await readSmall(at);
  if (json === undefined) return undefined;
  const manifest = parseManifest(json, at);
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    if (await isOfSize(path, file)) continue;
    const got = await stat(path).then(
      ({ size }) => `${size} bytes`,
      () => "no file",
    );
    const details = {
      at: path,
      got,
      wanted: `${file.size} bytes`,
      hint: "Fetch it without offline",
    };
    throw new NearfoldError("bad-input", "the copy in the cache is damaged", details);
  }
  return manifest;
}

/** Makes a snapshot visible. */
export async function writeSnapshot(place: SnapshotPlace, manifest: Manifest): Promise<void> {
  const json = { format: FORMAT, version: VERSION, ...manifest };
  await writeDurably(place.manifest, `${JSON.stringify(json, null, 2)}\n`);
}

/** Which commit of which model a folder of the cache is. */
export type HubOrigin = Pick<Manifest, "id" | "commit">;

/** Where a folder came from; undefined for one that is not of the cache. */
export async function hubOrigin(folder: string): Promise<HubOrigin | undefined> {
  const path = resolve(folder);
  const [place, commit] = [dirname(dirname(path)), basename(dirname(path))];
  const snapshot = snapshotPlace(place, commit);
  if (!isCommit(commit) || snapshot.folder !== path) return undefined;
  const text = await readSmall(snapshot.manifest);
  if (text === undefined) return undefined;
  const { id } = parseManifest(text, snapshot.manifest);
  return { id, commit };
}

function parseManifest(text: string, at: string): Manifest {
  const hint = "Fetch it without offline";
  let json: Readonly<Record<string, unknown>>;
  try {
    json = JSON.parse(text) ?? {};
  } catch (cause) {
    throw new NearfoldError("bad-input", "the manifest is not JSON", { at, hint, cause });
  }
  const { format, version, id, commit, files } = json;
  const isOurs = format === FORMAT && version === VERSION && Array.isArray(files);
  if (isOurs && typeof id === "string" && isHubId(id) && commit === basename(dirname(at))) {
    return { id, commit: String(commit), files: files.map((file) => parseRemoteFile(file, at)) };
  }
  const got = `${String(format)} ${String(version)}`;
  const wanted = `${FORMAT} ${VERSION}`;
  throw new NearfoldError("bad-input", "not the manifest of a snapshot", { at, got, wanted, hint });
}

/** The commit that a branch or a tag last stood for, undefined where it was never fetched; a commit is itself. */
export async function readRef(place: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readSmall(refPath(place, revision));
  if (text === undefined) return undefined;
  try {
    const json = JSON.parse(text);
    const commit = String(json.commit);
    // On a file system that knows no case, Main's file is main's.
    return json.revision === revision && isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers what a branch or a tag stands for; its snapshot is whole. */
export async function writeRef(place: string, revision: string, commit: string): Promise<void> {
  if (isCommit(revision) || (await readRef(place, revision)) === commit) return;
  await writeDurably(refPath(place, revision), `${JSON.stringify({ revision, commit })}\n`);
}

/** The branches and tags that were fetched. */
export async function listRefs(place: string): Promise<readonly string[]> {
  const names = await readdir(join(place, "refs")).catch(() => []);
  const revisions = names.flatMap((name) => /^([\w%-][\w%.-]*)\.json$/.exec(name)?.[1] ?? []);
  const known = revisions.map((name) => name.replaceAll("%2F", "/"));
  return known.sort();
}

function refPath(place: string, revision: string): string {
  return join(place, "refs", `${encodeURIComponent(revision)}.json`);
}

async function readSmall(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      const [got, wanted] = [`${size} bytes`, `at most ${MAX_BYTES}`];
      throw new NearfoldError("bad-input", "too large for a manifest", { at: path, got, wanted });
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw asIoError(cause, path, "read");
  }
}
