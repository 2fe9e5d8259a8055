import { NearfoldError } from "../errors.ts";

/** Which candidates become negatives; the names are those of sentence-transformers' `mine_hard_negatives`. */
export interface SelectionOptions {
  /** Negatives for each pair. @default 3 */
  readonly negatives?: number;
  /** Pairs that find fewer are left out: training takes as many from each pair as the poorest has. @default negatives */
  readonly minNegatives?: number;
  /** Skip so many of the best. @default 0 */
  readonly rangeMin?: number;
  /** Look no further than this rank; known matches have none. @default rangeMin + 10 · negatives */
  readonly rangeMax?: number;
  /** @default none */
  readonly minScore?: number;
  /** @default none */
  readonly maxScore?: number;
  /** Keep what scores at most `positive − margin`. @default none */
  readonly absoluteMargin?: number;
  /** Keep what scores at most `positive − |positive| · margin`. @default 0.05, false turns it off */
  readonly relativeMargin?: number | false;
  /** The best of what is left, or any of it. @default "top" */
  readonly sampling?: Sampling;
  /** Of the sample. @default 42 */
  readonly seed?: number;
}

export const samplings = ["top", "random"] as const;

export type Sampling = (typeof samplings)[number];

type Bounds = "minScore" | "maxScore" | "absoluteMargin";

export type Settings = Required<Omit<SelectionOptions, Bounds>> & Pick<SelectionOptions, Bounds>;

/**
 * Fills in the defaults.
 * @param nameOf what errors call an option: a flag, where it was typed
 * @throws bad-argument, naming the option
 */
export function withDefaults(
  options: SelectionOptions,
  nameOf: (option: keyof SelectionOptions) => string = (option) => option,
): Settings {
  const { negatives = 3, rangeMin = 0, relativeMargin = 0.05 } = options;
  const settings: Settings = {
    ...options,
    negatives,
    minNegatives: options.minNegatives ?? negatives,
    rangeMin,
    rangeMax: options.rangeMax ?? rangeMin + 10 * negatives,
    relativeMargin,
    sampling: options.sampling ?? "top",
    seed: options.seed ?? 42,
  };
  check(settings, nameOf);
  return settings;
}

function check(settings: Settings, nameOf: (option: keyof SelectionOptions) => string): void {
  const { negatives, minNegatives, rangeMin, rangeMax, minScore, maxScore, sampling } = settings;
  const require = (option: keyof SelectionOptions, fits: boolean, wanted: string) => {
    if (fits) return;
    const got = String(settings[option]);
    const what = `${nameOf(option)} makes no sense`;
    throw new NearfoldError("bad-argument", what, { got, wanted });
  };
  require("negatives", isCount(negatives) && negatives > 0, "a whole number above 0");
  const most = isCount(minNegatives) && minNegatives <= negatives;
  require("minNegatives", most, `from 0 to ${negatives}, the negatives of a pair`);
  require("rangeMin", isCount(rangeMin), "a whole number of at least 0");
  const room = isCount(rangeMax) && rangeMax >= rangeMin + negatives;
  const sum = `${nameOf("rangeMin")} ${rangeMin} and ${negatives} negatives`;
  require("rangeMax", room, `at least ${rangeMin + negatives}: ${sum}`);
  for (const name of ["minScore", "maxScore"] as const) {
    require(name, settings[name] === undefined || Number.isFinite(settings[name]), "a number");
  }
  const apart = minScore === undefined || maxScore === undefined || minScore < maxScore;
  require("maxScore", apart, `above ${nameOf("minScore")}, ${minScore}`);
  for (const name of ["absoluteMargin", "relativeMargin"] as const) {
    const value = settings[name] ?? false;
    const fits = value === false || (Number.isFinite(value) && value >= 0);
    require(name, fits, "a number of at least 0");
  }
  require("sampling", samplings.includes(sampling), samplings.join(" or "));
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
