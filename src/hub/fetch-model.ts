import { NearfoldError } from "../errors.ts";
import type { Asking } from "./asking.ts";
import { listRefs, modelPlace, readRef, readSnapshot, snapshotPlace, writeRef } from "./cache.ts";
import { commitOf } from "./client.ts";
import { type FetchOptions, fetchSnapshot, holds, wholeSnapshot } from "./fetch-snapshot.ts";
import { HUB, isCommit, parseEndpoint, requireHubId, requireRevision } from "./id.ts";

export interface HubOptions extends FetchOptions {
  /** Folder of the cache; models lie in `hub/` of it. */
  readonly cache: string;
  /** Branch, tag or commit; a commit that is cached is read without a request. @default "main" */
  readonly revision?: string;
  /** Sent to the endpoint's own origin only. */
  readonly token?: string;
  /** Ask for nothing: the newest copy in the cache, or an error. @default false */
  readonly offline?: boolean;
  /** @default "https://huggingface.co" */
  readonly endpoint?: string;
  readonly signal?: AbortSignal;
}

/**
 * The folder of a model in the cache, fetched where it is not there yet: settings, tokenizer and safetensors, each of the
 * size and hash that the Hub lists. A revision stands for the commit that it is at now; a call that was stopped or killed
 * is gone on with by the next.
 * @throws not-found, forbidden; unsupported for weights in no safetensors; mismatch for other bytes than listed; io, with
 * what can be done without a connection; aborted; bad-argument; bad-input and too-large for answers that are no Hub's
 */
export async function fetchModel(id: string, options: HubOptions): Promise<string> {
  const { cache, revision = "main", offline = false, also = [] } = options;
  const asking = askingOf(id, options);
  requireRevision(revision);
  const place = modelPlace(cache, asking.endpoint, id);
  if (offline) return await cachedFolder(id, place, revision, also);
  // A commit does not change: where it is cached, there is nothing to ask.
  const pinned = isCommit(revision) ? snapshotPlace(place, revision) : undefined;
  if (pinned && holds(await wholeSnapshot(pinned), also)) return pinned.folder;
  const snapshot = snapshotPlace(place, await commitOf(revision, asking));
  if (!holds(await wholeSnapshot(snapshot), also)) await fetchSnapshot(snapshot, asking, options);
  await writeRef(place, revision, snapshot.commit);
  return snapshot.folder;
}

function askingOf(id: string, { endpoint = HUB, token, signal }: HubOptions): Asking {
  requireHubId(id);
  // Not shown: it is a secret.
  if (token !== undefined && !/^[!-~]+$/.test(token)) {
    const what = "not a token: it is empty, or holds what no header may";
    throw new NearfoldError("bad-argument", what);
  }
  return { id, endpoint: parseEndpoint(endpoint), token, signal };
}

async function cachedFolder(
  id: string,
  place: string,
  revision: string,
  also: readonly string[],
): Promise<string> {
  const commit = await readRef(place, revision);
  const snapshot = commit === undefined ? undefined : snapshotPlace(place, commit);
  if (snapshot && holds(await readSnapshot(snapshot), also)) return snapshot.folder;
  const refs = await listRefs(place);
  throw new NearfoldError("not-found", "not in the cache, and offline nothing is fetched", {
    at: id,
    got: refs.length > 0 ? `cached: ${refs.join(", ")}` : "nothing of it",
    wanted: [revision, ...also].join(" with "),
    hint: "Fetch it once without offline",
  });
}
