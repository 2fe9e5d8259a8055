/** A model and its baseline on the same data, before anything is said of them. */
import type { Comparison, VectorAgreement } from "../evaluate/index.ts";

/** The same of the model and of the baseline. */
export interface Two<T> {
  readonly ours: T;
  readonly baseline: T;
}

/** What is compared, whatever the data. */
export interface Compared {
  /** What the rows are: `{ queries: 300, documents: 5183 }`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** How many rows were drawn from, and what they are called: "300 queries". */
  readonly drawn: string;
  /** Resamples of them. */
  readonly samples: number;
  /** The measure that decides, as it is named in `comparisons` and in words. */
  readonly headline: readonly [key: string, name: string];
  readonly comparisons: Readonly<Record<string, Comparison>>;
  /** How p is found. */
  readonly test: string;
  /** Numbers for programs, a sentence for people. */
  readonly agreement: { readonly json: object; readonly text: string };
  /** How alike the vectors of the same texts are; absent where the widths differ. */
  readonly vectors: VectorAgreement | undefined;
  readonly geometry: Two<Geometry>;
  /** One line of `--differences` for each row. */
  readonly rows: readonly object[];
  /** Rows that lost most. */
  readonly worst: readonly LostRow[];
}

/** Of vectors made unit vectors (arXiv:2005.10242). */
export interface Geometry {
  readonly alignment: number;
  readonly uniformity: number;
}

/** A row that lost: in numbers, and what is shown of it. */
export interface LostRow {
  readonly json: object;
  readonly text: string;
  readonly delta: number;
  readonly shown: Two<string>;
}

/** A model as it is compared. */
export interface Named {
  /** As it was typed. */
  readonly reference: string;
  readonly dims: number;
}
