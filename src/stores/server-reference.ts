/** References to indexes that a database server keeps: `postgres://user:password@host:port/database?index=products`. */
import { NearfoldError } from "../errors.ts";

export interface ServerReference {
  /** Without the index; with the password, where there is one. */
  readonly url: URL;
  /** Letters, digits and _. */
  readonly index: string;
  /** The reference without its password and other options: for messages. */
  readonly name: string;
}

/** Whether a reference is a URL, or else a path in the file system. */
export function isUrl(reference: string): boolean {
  return reference.includes("://");
}

const INDEX = /^[A-Za-z0-9_]{1,48}$/;

/** @throws bad-argument, which never shows what may hold a password */
export function parseServerReference(
  reference: string,
  { example, index: otherwise }: { readonly example: string; readonly index: string },
): ServerReference {
  if (!URL.canParse(reference)) {
    const wanted = `as ${example}, with what is special in a name or a password written as %40`;
    throw new NearfoldError("bad-argument", "not a reference to an index on a server", { wanted });
  }
  const url = new URL(reference);
  const index = url.searchParams.get("index") ?? otherwise;
  url.searchParams.delete("index");
  const user = url.username === "" ? "" : `${url.username}@`;
  const name = `${url.protocol}//${user}${url.host}${url.pathname}?index=${index}`;
  if (INDEX.test(index)) return { url, index, name };
  throw new NearfoldError("bad-argument", "not the name of an index", {
    got: JSON.stringify(index.slice(0, 60)),
    wanted: "letters, digits and _, at most 48",
  });
}

/** Options of a URL that are secrets. */
const SECRETS = ["password", "token"];

/** The name of a secret that a reference holds. */
export function secretOf(reference: string): string | undefined {
  if (!URL.canParse(reference)) return undefined;
  const { password, searchParams } = new URL(reference);
  if (password !== "") return "a password before the @";
  return SECRETS.find((name) => searchParams.has(name));
}

/** A reference as it may be shown: without a password, which clients find in their environment too. */
export function withoutSecrets(reference: string): string {
  if (secretOf(reference) === undefined) return reference;
  const url = new URL(reference);
  url.password = "";
  for (const name of SECRETS) url.searchParams.delete(name);
  return url.href;
}

/** Every password of a reference, as it may stand in a message of a driver's. */
export function withoutPasswords(text: string, { url }: ServerReference): string {
  const named = [url.searchParams.get("password") ?? "", url.password];
  const secrets = new Set([...named, ...named.map(decoded)].filter((secret) => secret !== ""));
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, "***");
  return clean;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
