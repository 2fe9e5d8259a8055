import { NearfoldError } from "../errors.ts";
import { isJsonObject } from "./json-file.ts";

/** Reads the fields of a `config.json`, checking each: the one place where its contents are not trusted. */
export interface ConfigReader {
  readonly has: (key: string) => boolean;
  /** A whole number of at least 1. */
  readonly count: (key: string, fallback?: number) => number;
  /** A count of layers: few enough to build all of them before a weight is looked for. */
  readonly layers: (key: string) => number;
  /** A count that divides another field's. */
  readonly divisor: (key: string, of: string, fallback?: number) => number;
  /** `head_dim`, or else `hidden_size / num_attention_heads`; even. */
  readonly headWidth: (fallback?: number) => number;
  /** A finite number. */
  readonly number: (key: string, fallback?: number) => number;
  readonly boolean: (key: string, fallback: boolean) => boolean;
  readonly choice: <T extends string>(key: string, choices: readonly T[], fallback?: T) => T;
  /** A list of choices; undefined where there is none. */
  readonly choices: <T extends string>(
    key: string,
    choices: readonly T[],
  ) => readonly T[] | undefined;
  /** The fields of an object within; undefined where there is none. */
  readonly inside: (key: string) => ConfigReader | undefined;
}

/** Sizes above this are no model's: they are refused before anything is allocated. */
const MOST = 2 ** 31 - 1;
const MOST_LAYERS = 1024;

/** @throws bad-input naming the file, the field, what it holds and what it should */
export function configReader(json: Readonly<Record<string, unknown>>, at: string): ConfigReader {
  const wrong = (key: string, wanted: string) =>
    new NearfoldError("bad-input", `field "${key}" is not usable`, {
      at,
      got: key in json ? (JSON.stringify(json[key]) ?? "undefined").slice(0, 80) : "nothing",
      wanted,
    });
  const count = (key: string, fallback?: number) => {
    const value = json[key] ?? fallback;
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MOST) {
      throw wrong(key, "a whole number of at least 1");
    }
    return value as number;
  };
  return {
    has: (key) => json[key] !== undefined && json[key] !== null,
    count,
    layers: (key) => {
      const value = count(key);
      if (value > MOST_LAYERS) throw wrong(key, `at most ${MOST_LAYERS} layers`);
      return value;
    },
    divisor: (key, of, fallback) => {
      const value = count(key, fallback);
      if (count(of) % value !== 0) throw wrong(key, `a divisor of ${of}, which is ${json[of]}`);
      return value;
    },
    headWidth: (fallback) => {
      if (json.head_dim == null && fallback === undefined) {
        const [width, heads] = [count("hidden_size"), count("num_attention_heads")];
        if (width % (2 * heads) === 0) return width / heads;
        throw wrong("num_attention_heads", `heads of an even width in ${width}, or head_dim`);
      }
      const value = count("head_dim", fallback);
      if (value % 2 !== 0) throw wrong("head_dim", "an even width");
      return value;
    },
    number: (key, fallback) => {
      const value = json[key] ?? fallback;
      if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(key, "a number");
      return value;
    },
    boolean: (key, fallback) => {
      const value = json[key] ?? fallback;
      if (typeof value !== "boolean") throw wrong(key, "true or false");
      return value;
    },
    choice: (key, choices, fallback) => {
      const value = json[key] ?? fallback;
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw wrong(key, `one of ${choices.join(", ")}`);
      return found;
    },
    choices: <T extends string>(key: string, choices: readonly T[]) => {
      const value = json[key] ?? undefined;
      if (value === undefined) return undefined;
      const known = (entry: unknown) => choices.includes(entry as T);
      if (Array.isArray(value) && value.every(known)) return value as T[];
      throw wrong(key, `a list of ${choices.join(", ")}`);
    },
    inside: (key) => {
      const value = json[key] ?? undefined;
      if (value === undefined) return undefined;
      if (!isJsonObject(value)) throw wrong(key, "an object");
      return configReader(value, `${at}, ${key}`);
    },
  };
}
