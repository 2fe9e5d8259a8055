import { NearfoldError } from "../errors.ts";
import { isJsonObject } from "./json-file.ts";

/** Reads the fields of a `config.json`, checking each: the one place where its contents are not trusted. */
export interface ConfigReader {
  readonly has: (key: string) => boolean;
  /** Whether the field is there and null, which may say something else than its absence. */
  readonly isNull: (key: string) => boolean;
  /** A whole number of at least 1. */
  readonly count: (key: string, fallback?: number) => number;
  /** A whole number within bounds, these among them. */
  readonly whole: (key: string, bounds: WholeBounds) => number;
  /** A count of layers: few enough to build all of them before a weight is looked for. */
  readonly layers: (key: string) => number;
  /** A count that divides another field's. */
  readonly divisor: (key: string, of: string, fallback?: number) => number;
  /** `head_dim`, or else `hidden_size / num_attention_heads`; even, and bounded. */
  readonly headWidth: (fallback?: number) => number;
  /** A finite number. */
  readonly number: (key: string, fallback?: number) => number;
  /** A number from 0 to below 1: how much dropout drops. */
  readonly rate: (key: string, fallback: number) => number;
  readonly boolean: (key: string, fallback: boolean) => boolean;
  readonly choice: <T extends string>(key: string, choices: readonly T[], fallback?: T) => T;
  /** A list of choices, of so many where a size is given; undefined where there is none. */
  readonly choices: <T extends string>(
    key: string,
    choices: readonly T[],
    size?: number,
  ) => readonly T[] | undefined;
  /** Refuses a setting that would change the numbers and is not built: it must be absent, or the value that changes nothing. */
  readonly refuse: (key: string, neutral?: number | boolean | string) => void;
  /** The fields of an object within; undefined where there is none. */
  readonly inside: (key: string) => ConfigReader | undefined;
  /** The same file, its fields under other names as well: `{ hidden_size: "n_embd" }`. Refuses two that disagree. */
  readonly spelled: (names: Readonly<Record<string, string>>) => ConfigReader;
}

interface WholeBounds {
  readonly least: number;
  /** @default 2^31 - 1 */
  readonly most?: number;
  readonly fallback?: number;
}

/** Sizes above this are no model's: they are refused before anything is allocated. */
const MOST = 2 ** 31 - 1;
const MOST_LAYERS = 1024;
/** The frequencies of a rotary head are made before a weight is looked for. */
const WIDEST_HEAD = 65_536;

/** @throws bad-input naming the file, the field, what it holds and what it should; unsupported for a setting that is not built */
export function configReader(
  json: Readonly<Record<string, unknown>>,
  at: string,
  spellings: Readonly<Record<string, string>> = {},
): ConfigReader {
  const nameOf = (key: string) => spellings[key] ?? key;
  const show = (key: string) =>
    Object.hasOwn(json, key) ? (JSON.stringify(json[key]) ?? "undefined").slice(0, 80) : "nothing";
  const wrong = (key: string, wanted: string) =>
    new NearfoldError("bad-input", `field "${nameOf(key)}" is not usable`, {
      at,
      got: show(key),
      wanted,
    });
  const has = (key: string) => json[key] !== undefined && json[key] !== null;
  const whole = (key: string, { least, most = MOST, fallback }: WholeBounds) => {
    const value = json[key] ?? fallback;
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      const bound = most === MOST ? `of at least ${least}` : `from ${least} to ${most}`;
      throw wrong(key, `a whole number ${bound}`);
    }
    return value as number;
  };
  const count = (key: string, fallback?: number) =>
    whole(key, fallback === undefined ? { least: 1 } : { least: 1, fallback });
  return {
    has,
    isNull: (key) => json[key] === null,
    count,
    whole,
    layers: (key) => {
      const value = count(key);
      if (value > MOST_LAYERS) throw wrong(key, `at most ${MOST_LAYERS} layers`);
      return value;
    },
    divisor: (key, of, fallback) => {
      const value = count(key, fallback);
      if (count(of) % value !== 0)
        throw wrong(key, `a divisor of ${nameOf(of)}, which is ${json[of]}`);
      return value;
    },
    headWidth: (fallback) => {
      if (json.head_dim == null && fallback === undefined) {
        const [width, heads] = [count("hidden_size"), count("num_attention_heads")];
        if (width % (2 * heads) === 0 && width / heads <= WIDEST_HEAD) return width / heads;
        throw wrong("num_attention_heads", `heads of an even width in ${width}, or head_dim`);
      }
      const value = count("head_dim", fallback);
      if (value % 2 === 0 && value <= WIDEST_HEAD) return value;
      throw wrong("head_dim", `an even width of at most ${WIDEST_HEAD}`);
    },
    number: (key, fallback) => {
      const value = json[key] ?? fallback;
      if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(key, "a number");
      return value;
    },
    rate: (key, fallback) => {
      const value = json[key] ?? fallback;
      if (typeof value === "number" && value >= 0 && value < 1) return value;
      throw wrong(key, "a number from 0 to below 1");
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
    choices: <T extends string>(key: string, choices: readonly T[], size?: number) => {
      const value = json[key] ?? undefined;
      if (value === undefined) return undefined;
      const known = (entry: unknown) => choices.includes(entry as T);
      const fits = Array.isArray(value) && (size === undefined || value.length === size);
      if (fits && value.every(known)) return value as T[];
      throw wrong(key, `a list of ${size === undefined ? "" : `${size} of `}${choices.join(", ")}`);
    },
    refuse: (key, neutral) => {
      const value = json[key] ?? undefined;
      if (value === undefined || value === neutral) return;
      const wanted = neutral === undefined ? "nothing" : `nothing, or ${neutral}`;
      const what = `this setting of "${nameOf(key)}" is not built`;
      throw new NearfoldError("unsupported", what, { at, got: show(key), wanted });
    },
    inside: (key) => {
      const value = json[key] ?? undefined;
      if (value === undefined) return undefined;
      if (!isJsonObject(value)) throw wrong(key, "an object");
      return configReader(value, `${at}, ${key}`);
    },
    spelled: (names) => {
      const others = Object.entries(names).filter(([, other]) => has(other));
      for (const [key, other] of others) {
        if (!has(key) || json[key] === json[other]) continue;
        throw wrong(key, `${show(other)}, as "${other}" says`);
      }
      const found = others.map(([key, other]) => [key, json[other]]);
      const by = { ...spellings, ...Object.fromEntries(others) };
      return configReader({ ...json, ...Object.fromEntries(found) }, at, by);
    },
  };
}
