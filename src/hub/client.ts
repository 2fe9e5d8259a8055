/** A model on the Hub: its commits, its files and their bytes. */
import { NearfoldError } from "../errors.ts";
import type { Asking } from "./asking.ts";
import { isCommit } from "./id.ts";
import { parseRemoteFile, type RemoteFile } from "./remote-file.ts";
import { connectionError, request } from "./request.ts";

/** Files of a repository; a large one has some thousands. */
const MAX_FILES = 50_000;
/** Bytes of one answer; a page of a listing, of 1000 files, has about 300 kB. */
const MAX_ANSWER = 32 * 2 ** 20;

/**
 * The commit that a branch, a tag or a commit stands for now.
 * @throws as `request`; bad-input for an answer that is none of the Hub's
 */
export async function commitOf(revision: string, asking: Asking): Promise<string> {
  const { modelInfo } = await import("@huggingface/hub");
  const { endpoint, id } = asking;
  const about = { ...asking, revision };
  const { sha } = await understood(about, () =>
    modelInfo({
      ...{ name: id, revision, hubUrl: endpoint.href, fetch: fetchFor(about) },
      additionalFields: ["sha"],
    }),
  );
  if (isCommit(sha) && (sha === revision || !isCommit(revision))) return sha;
  const [got, wanted] = [JSON.stringify(sha) ?? "nothing", "a commit"];
  throw new NearfoldError("bad-input", "the Hub does not say which commit it is", {
    at: id,
    got,
    wanted,
  });
}

/**
 * Every file of a commit.
 * @throws as `commitOf`; too-large
 */
export async function listCommit(commit: string, asking: Asking): Promise<readonly RemoteFile[]> {
  const { listFiles } = await import("@huggingface/hub");
  const { endpoint, id } = asking;
  const repo = { type: "model", name: id } as const;
  const about = { ...asking, revision: commit };
  return await understood(about, async () => {
    const files: RemoteFile[] = [];
    for await (const entry of listFiles({
      ...{ repo, revision: commit, recursive: true, hubUrl: endpoint.href, fetch: fetchFor(about) },
    })) {
      if (entry.type !== "file") continue;
      files.push(parseRemoteFile(entry, id));
      if (files.length <= MAX_FILES) continue;
      const wanted = `at most ${MAX_FILES}`;
      throw new NearfoldError("too-large", "more files than a model has", { at: id, wanted });
    }
    return files;
  });
}

/**
 * The bytes of a file from a place on; with a status of 200 they are all of it, whatever was asked for. The library's own
 * download leaves hashes unchecked.
 * @throws as `request`
 */
export function openFile(commit: string, from: number, asking: Asking & { readonly path: string }) {
  const { endpoint, id, path } = asking;
  const name = path.split("/").map(encodeURIComponent).join("/");
  const url = `${endpoint.href}/${id}/resolve/${commit}/${name}`;
  // Never compressed: ranges and lengths are of the file's own bytes. `fetch` adds the same to a range by itself.
  const headers = from > 0 ? { range: `bytes=${from}-` } : { "accept-encoding": "identity" };
  return request(url, headers, asking);
}

/** The library's `fetch`: with our token, errors and bounds. */
function fetchFor(asking: Asking): typeof fetch {
  return async (url, init) => {
    const accept = new Headers(init?.headers).get("accept") ?? "application/json";
    const { body, headers } = await request(String(url), { accept }, asking);
    return new Response(await bounded(body, asking), { headers });
  };
}

async function bounded(body: Response["body"], asking: Asking): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER) break;
    }
  } catch (cause) {
    throw connectionError(cause, asking);
  }
  if (bytes <= MAX_ANSWER) return Buffer.concat(chunks);
  const [what, wanted] = ["the Hub's answer is too long", `at most ${MAX_ANSWER} bytes`];
  throw new NearfoldError("too-large", what, { at: asking.id, wanted });
}

/** An answer of another form than the Hub's throws what it will in the library. */
async function understood<T>({ id, endpoint }: Asking, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof NearfoldError) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    const what = `${endpoint.href} does not answer as a Hub does`;
    throw new NearfoldError("bad-input", what, { at: id, got: got.slice(0, 200), cause });
  }
}
