import type { Endpoint } from "./id.ts";

/** Who asks the Hub, and for what. */
export interface Asking {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The file, where it is about one. */
  readonly path?: string;
  /** The branch, tag or commit, where it is about one. */
  readonly revision?: string;
}

/** How a message names the model, or its file. */
export function subjectOf({ id, path }: Asking): string {
  return path === undefined ? id : `${id}/${path}`;
}

/** What a person can do when no answer came. */
export function hintOf({ path }: Asking): string {
  return path === undefined
    ? "With offline (--offline, HF_HUB_OFFLINE=1) a copy in the cache is used unasked"
    : "What has arrived is kept: the same again goes on from there";
}
