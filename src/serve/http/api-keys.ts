/** Who may ask. */
import { createHash, timingSafeEqual } from "node:crypto";
import { NearfoldError } from "../../errors.ts";
import { type Priority, priorities } from "../queue/waiting.ts";

/** What a key allows. */
export interface Grant {
  /** The only class that its requests are in. @default each by its size */
  readonly priority?: Priority;
  /** Whether models may be changed with it. */
  readonly admin?: boolean;
}

export interface ApiKeys {
  /** Whether one of them allows to change models. */
  readonly hasAdmin: boolean;
  /**
   * What the key of an `Authorization` header allows; all keys are compared, each in constant time.
   * @throws forbidden
   */
  check(authorization: string | null): Grant;
}

/**
 * Keys from a file: one a line, and after it, with a space between, the class that all its requests are in, `interactive` or `bulk`, or `admin` for one with which
 * models may be changed. Empty lines and those that begin with # are left out.
 * @param at the file, for messages, which never hold a key
 * @throws bad-input naming the line
 */
export function parseApiKeys(text: string, at: string): ApiKeys {
  const keys: { readonly hash: Buffer; readonly grant: Grant }[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [key, kind, ...rest] = line.trim().split(/\s+/);
    if (!key || key.startsWith("#")) continue;
    const grant = kind === undefined ? {} : grants[kind];
    if (rest.length > 0 || !grant) {
      const wanted = `a key, and after it perhaps ${Object.keys(grants).join(", ")}`;
      throw new NearfoldError("bad-input", "not a line of keys", { at: `${at}:${i + 1}`, wanted });
    }
    keys.push({ hash: sha256(key), grant });
  }
  if (keys.length === 0) throw new NearfoldError("bad-input", "there is no key in it", { at });
  return {
    hasAdmin: keys.some(({ grant }) => grant.admin),
    check: (authorization) => {
      const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
      // Hashes are of one length, whatever the keys are.
      const hash = sha256(given ?? "");
      const found = keys.filter((key) => timingSafeEqual(key.hash, hash));
      if (given !== undefined && found.length > 0) return found[0].grant;
      throw new NearfoldError("forbidden", "the API key is missing or wrong", {
        wanted: "Authorization: Bearer KEY",
      });
    },
  };
}

/** What may stand after a key. */
const grants: Readonly<Record<string, Grant | undefined>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(priorities.map((priority) => [priority, { priority }])),
  admin: { admin: true },
});

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
