/**
 * A Hub on the loopback: the routes that are asked for, answered as https://huggingface.co answers them. Large files lie on a
 * host of their own, as behind its CDN. It notes what it was asked, and misbehaves where it is told to.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";

/** A repository at one commit: contents by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;
/** By id, then by branch or tag. */
export type Models = Readonly<Record<string, Readonly<Record<string, Files>>>>;

/** What it does wrong. A path is one inside a repository; `url` is a part of the URL that it is about. */
export interface Faults {
  /** Refuses, with the header X-Error-Code. */
  readonly refuse?: { readonly url: string; readonly status: number; readonly kind?: string };
  /** Seconds of Retry-After beside a refusal. */
  readonly retryAfter?: number;
  /** Falls silent on each connection after so many bytes of the file; `drop` then breaks it. */
  readonly stall?: Readonly<Record<string, number>>;
  /** Sends other bytes than it lists. */
  readonly send?: Files;
  /** Lists other entries than it has. */
  readonly list?: (entries: readonly object[]) => readonly unknown[];
  /** Sends every file from its beginning. */
  readonly ignoreRange?: boolean;
  /** Sends no Content-Length. */
  readonly chunked?: boolean;
  /** Says that the listing goes on there. */
  readonly next?: string;
  /** Answers something else. */
  readonly answer?: { readonly url: string; readonly body: string };
}

/** One request, and what was sent for it. */
export interface Asked {
  readonly host: "hub" | "cdn";
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  /** The header Accept-Encoding. */
  readonly accepts: string;
  /** Bytes of the body. */
  sent: number;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | string;
  /** Bytes after which no more are sent, and no end either. */
  readonly stall?: number | undefined;
}

/** Files from here on lie in LFS. */
const LFS_BYTES = 1000;
/** Entries of a page of the listing. */
const PAGE = 3;

/** A folder as it would lie on the Hub. */
export async function filesOf(folder: string): Promise<Files> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const entries = paths.map(async (p) => [relative(folder, p), await readFile(p)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Starts one that knows `models`, for whoever has the `token` where there is one. */
export async function startHub(models: Models, { token }: { readonly token?: string } = {}) {
  const hub = new StandIn(models, token);
  for (const server of hub.servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  return hub;
}

class StandIn implements AsyncDisposable {
  models: Models;
  faults: Faults = {};
  readonly asked: Asked[] = [];
  readonly servers: readonly Server[];
  readonly #token: string | undefined;

  constructor(models: Models, token: string | undefined) {
    this.models = models;
    this.#token = token;
    this.servers = (["hub", "cdn"] as const).map((host) =>
      createServer((request, response) => this.#serve(host, request, response)),
    );
  }

  get endpoint(): string {
    return origin(this.servers[0]!);
  }

  /** Bytes that were sent of a file. */
  sentOf(path: string): number {
    const about = this.asked.filter(({ url }) => url.split("?")[0]!.endsWith(`/${path}`));
    return about.reduce((sum, { sent }) => sum + sent, 0);
  }

  commitOf(id: string, branch = "main"): string {
    return commitOf(this.models[id]![branch]!);
  }

  /** Breaks every connection. */
  drop(): void {
    for (const server of this.servers) server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    for (const server of this.servers) {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #serve(host: Asked["host"], { url, headers }: IncomingMessage, response: ServerResponse): void {
    const { authorization, range } = headers;
    const accepts = String(headers["accept-encoding"]);
    const asked: Asked = { host, url: url!, authorization, range, accepts, sent: 0 };
    this.asked.push(asked);
    send(this.#answer(asked), asked, response);
  }

  #answer(asked: Asked): Answer {
    const { refuse, answer, retryAfter } = this.faults;
    const { host, url, authorization } = asked;
    if (refuse && url.includes(refuse.url)) return no(refuse.status, refuse.kind, retryAfter);
    if (answer && url.includes(answer.url)) return yes(answer.body);
    if (host === "cdn") return this.#bytes(asked);
    const isKnown = this.#token === undefined || authorization === `Bearer ${this.#token}`;
    if (!isKnown) return no(401, "RepoNotFound");
    const [, id = "", route, rest = ""] =
      /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/?]+)/.exec(url) ??
      /^\/([^/]+\/[^/]+)\/(resolve)\/(.+)/.exec(url) ??
      [];
    if (!this.models[id]) return no(404, "RepoNotFound");
    if (route === "resolve") return this.#resolve(asked);
    const files = this.#filesAt(id, decodeURIComponent(rest));
    if (!files) return no(404, "RevisionNotFound");
    if (route === "tree") return this.#tree(files, url);
    const counts = { downloads: 1, likes: 1, lastModified: new Date(0) };
    const info = { _id: "1", id, private: false, gated: false, ...counts, sha: commitOf(files) };
    return yes(JSON.stringify(info));
  }

  #filesAt(id: string, revision: string): Files | undefined {
    const branches = this.models[id] ?? {};
    const isIt = (files: Files) => commitOf(files) === revision;
    return branches[revision] ?? Object.values(branches).find(isIt);
  }

  #tree(files: Files, asked: string): Answer {
    const url = new URL(asked, this.endpoint);
    const folders = new Set(Object.keys(files).flatMap((path) => path.split("/").slice(0, -1)));
    const entries = [
      ...[...folders].map((path) => ({ type: "directory", oid: "0".repeat(40), size: 0, path })),
      ...Object.entries(files).map(([path, content]) => entryOf(path, Buffer.from(content))),
    ];
    const listed = this.faults.list?.(entries) ?? entries;
    const from = Number(url.searchParams.get("cursor") ?? 0);
    url.searchParams.set("cursor", String(from + PAGE));
    const next = from + PAGE < listed.length ? url.href : this.faults.next;
    const link = next && { link: `<${next}>; rel="next"` };
    return yes(JSON.stringify(listed.slice(from, from + PAGE)), { ...link });
  }

  #resolve(asked: Asked): Answer {
    const found = this.#fileOf(asked.url);
    if (!found) return no(404, "EntryNotFound");
    const { commit, content } = found;
    const headers = { "x-repo-commit": commit };
    if (content.length < LFS_BYTES) {
      const answer = this.#bytes(asked);
      return { ...answer, headers: { ...answer.headers, ...headers, etag: `"${oidOf(content)}"` } };
    }
    const linked = { "x-linked-size": content.length, "x-linked-etag": `"${sha256(content)}"` };
    const location = `${origin(this.servers[1]!)}${asked.url}?signature=1`;
    return { status: 302, headers: { ...headers, ...linked, location } };
  }

  #fileOf(asked: string) {
    const { pathname } = new URL(asked, this.endpoint);
    const [, org, name, , commit, ...names] = pathname.split("/").map(decodeURIComponent);
    const path = names.join("/");
    const content = this.#filesAt(`${org}/${name}`, commit!)?.[path];
    return content === undefined
      ? undefined
      : { path, commit: commit!, content: Buffer.from(content) };
  }

  #bytes({ url, range }: Asked): Answer {
    const { path, content } = this.#fileOf(url)!;
    const { send: other, stall, ignoreRange, chunked } = this.faults;
    const bytes = other?.[path] === undefined ? content : Buffer.from(other[path]);
    const from = ignoreRange ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (from > 0 && from >= bytes.length) return no(416);
    const last = bytes.length - 1;
    return {
      status: from > 0 ? 206 : 200,
      headers: {
        ...(from > 0 && { "content-range": `bytes ${from}-${last}/${bytes.length}` }),
        ...(!chunked && { "content-length": bytes.length - from }),
      },
      body: bytes.subarray(from),
      stall: stall?.[path],
    };
  }
}

function send(
  { status = 200, headers = {}, body = "", stall }: Answer,
  asked: Asked,
  response: ServerResponse,
): void {
  response.writeHead(status, headers);
  const bytes = Buffer.from(body as Uint8Array).subarray(0, stall);
  asked.sent = bytes.length;
  if (stall === undefined) response.end(bytes);
  else response.write(bytes);
}

function yes(body: string, headers: Answer["headers"] = {}): Answer {
  return { headers: { "content-type": "application/json; charset=utf-8", ...headers }, body };
}

function no(status: number, kind?: string, retryAfter?: number): Answer {
  const headers = {
    "content-type": "application/json",
    ...(kind && { "x-error-code": kind }),
    ...(retryAfter !== undefined && { "retry-after": retryAfter }),
  };
  return { status, headers, body: '{"error":"no"}' };
}

function origin(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function entryOf(path: string, content: Buffer): object {
  const { length: size } = content;
  if (size < LFS_BYTES) return { type: "file", size, path, oid: oidOf(content) };
  const lfs = { oid: sha256(content), size, pointerSize: 134 };
  return { type: "file", size, path, oid: oidOf(Buffer.from(`oid sha256:${lfs.oid}`)), lfs };
}

function oidOf(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Of the contents: a branch that moves has another. */
function commitOf(files: Files): string {
  const hash = createHash("sha1");
  for (const [path, content] of Object.entries(files)) hash.update(path).update(content);
  return hash.digest("hex");
}
