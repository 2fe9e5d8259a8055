/** A passage that was found for a question. */
export interface Retrieved {
  readonly id: string;
  readonly text: string;
  /** How near it is to the question: what the threshold is compared with. */
  readonly score: number;
  /** The document that it is of. @default its id */
  readonly source?: string;
  readonly title?: string;
  /** The headings that it stands under, the outermost first. */
  readonly headings?: readonly string[];
  /** UTF-16 units into its document's text. */
  readonly start?: number;
  readonly end?: number;
  /** On which it begins, from 1. */
  readonly page?: number;
}

/** The `k` passages nearest to a question, best first. */
export type Retriever = (
  question: string,
  k: number,
  signal?: AbortSignal,
) => Promise<readonly Retrieved[]>;
