/**
 * How a payload lies in Milvus' JSON: every value under the name of its type, `{"year": 1999}` as `{"o": {"year": {"n": 1999}}}`. What a filter
 * compares is then missing or of the right type, whatever the server makes of a number beside a text.
 */
import type { Payload } from "../payload.ts";

/** n a number, s a string, b a boolean as 0 or 1, a a list as it is, o an object of such, z null. */
export const types = ["n", "s", "b", "a", "o", "z"] as const;
export type Coded = { readonly [type in (typeof types)[number]]?: unknown };

/** `{}` for none. */
export function encodePayload(payload: Payload | undefined): Coded {
  // As JSON has it, so without what it leaves out.
  return payload === undefined ? {} : encode(JSON.parse(JSON.stringify(payload)));
}

export function decodePayload(coded: Coded): Payload | undefined {
  return coded.o === undefined ? undefined : (decode(coded) as Payload);
}

function encode(value: unknown): Coded {
  if (typeof value === "number") return { n: value };
  if (typeof value === "string") return { s: value };
  if (typeof value === "boolean") return { b: value ? 1 : 0 };
  if (value === null) return { z: 0 };
  if (Array.isArray(value)) return { a: value };
  return { o: mapObject(value as Payload, encode) };
}

function decode({ n, s, b, a, o }: Coded): unknown {
  if (o !== undefined) return mapObject(o as Payload, (inside) => decode(inside as Coded));
  return n ?? s ?? a ?? (b === undefined ? null : b === 1);
}

/** Also of an object with a key `__proto__`, as JSON.parse makes one. */
function mapObject(object: Payload, change: (value: unknown) => unknown): Payload {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
