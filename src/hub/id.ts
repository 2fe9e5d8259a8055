/** Names that lead to a model on the Hub: its id, a revision, the Hub's own address. */
import { NearfoldError } from "../errors.ts";

/** As `huggingface_hub/utils/_validators.py` has it, with the organization, which tells an id from a folder. */
const ID = /^(?!.*(--|\.\.|\.git$))\w[\w.-]{0,95}(?<![.-])\/\w[\w.-]{0,95}(?<![.-])$/;
const COMMIT = /^[0-9a-f]{40}$/;
/** Without what git forbids in the name of a branch (git-check-ref-format) or a URL would take for a way up. */
const REVISION = /^(?!.*\.\.)[^\s\\^~:?*[\]/.%-][^\s\\^~:?*[\]%]*$/;

/** Whether a text has the form of a Hub id, "org/name"; a folder's name may have it too, so look for one first. */
export function isHubId(text: string): boolean {
  return ID.test(text);
}

/** Whether a revision is a commit, which stands for the same files for ever. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** @throws bad-argument */
export function requireHubId(id: string): void {
  if (isHubId(id)) return;
  const got = JSON.stringify(id.slice(0, 200));
  throw new NearfoldError("bad-argument", "not a Hub id", { got, wanted: "org/name" });
}

/** @throws bad-argument */
export function requireRevision(revision: string): void {
  // The name of a file in the cache is made of it.
  const isName = REVISION.test(revision) && revision.isWellFormed();
  if (isName && encodeURIComponent(revision).length <= 200) return;
  const got = JSON.stringify(revision.slice(0, 200));
  const wanted = "a branch, a tag or a commit";
  throw new NearfoldError("bad-argument", "not a revision", { got, wanted });
}

/** Where a Hub answers. */
export interface Endpoint {
  /** Without a slash at its end. */
  readonly href: string;
  /** Scheme, host and port: a token goes nowhere else. */
  readonly origin: string;
  /** The name of its folder in the cache: what one Hub says of a commit is not taken for another's. */
  readonly key: string;
}

export const HUB = "https://huggingface.co";

/** @throws bad-argument for what is not an http address */
export function parseEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
  if (!url || !isHttp || url.username || url.password || !/[a-z0-9]/.test(url.host)) {
    throw new NearfoldError("bad-argument", "not the address of a Hub", {
      at: "endpoint",
      got: JSON.stringify(text.replace(/\/\/[^/]*@/, "//…@").slice(0, 200)),
      wanted: `as ${HUB}`,
    });
  }
  const { origin, protocol, host } = url;
  const path = url.pathname.replace(/\/+$/, "");
  const key = encodeURIComponent(`${protocol === "http:" ? "http+" : ""}${host}${path}`);
  return { href: `${origin}${path}`, origin, key };
}
