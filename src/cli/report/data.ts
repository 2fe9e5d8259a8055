import type { Interval } from "../../evaluate/index.ts";

/** Everything a report shows. A section whose data is absent is left out. */
export interface ReportData {
  readonly title: string;
  /** What was trained and for what, in a sentence or two. */
  readonly description?: string;
  readonly when: Date;
  /** What it ran on: `2 cores of AMD EPYC 9B14, Linux, Node 24.21`. */
  readonly machine?: string;
  /** The first is the summary: all queries. Those after it are subsets: `queries unlike any training query`. */
  readonly quality?: readonly ReportQuality[];
  readonly cost?: ReportCost;
  /** Steps in order. */
  readonly loss?: readonly ReportLoss[];
  readonly evaluations?: ReportEvaluations;
  /** Quality of the vector's first dimensions (Matryoshka). */
  readonly dimensions?: readonly ReportDimensions[];
  readonly examples?: readonly ReportExample[];
  readonly data?: ReportSource;
  /** Setting → value, in the order in which they are shown. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** How well a group of queries is answered. */
export interface ReportQuality {
  /** `All queries`. */
  readonly name: string;
  readonly queries: number;
  readonly model: ReportScores;
  readonly bm25?: ReportScores;
  /** Of the paired test between the two. */
  readonly p?: number;
}

/** In `[0, 1]`. */
export interface ReportScores {
  /** With its 95 % interval. */
  readonly ndcg10: Interval;
  readonly recall10: number;
}

export interface ReportCost {
  readonly trainSeconds: number;
  /** From the start of the program to this report. */
  readonly totalSeconds: number;
  readonly peakMemoryMb: number;
}

export interface ReportLoss {
  readonly step: number;
  readonly loss: number;
}

/** What the model scored on the development set while it was trained. */
export interface ReportEvaluations {
  /** `nDCG@10 on 400 dev queries`. */
  readonly measure: string;
  /** Steps in order; a higher score is better. */
  readonly points: readonly { readonly step: number; readonly score: number }[];
}

export interface ReportDimensions {
  readonly dimensions: number;
  readonly ndcg10: Interval;
}

/** A query and what was found for it. */
export interface ReportExample {
  readonly query: string;
  /** Title of the right answer. */
  readonly answer: string;
  readonly model: ReportAnswers;
  readonly bm25?: ReportAnswers;
}

export interface ReportAnswers {
  /** Best first; those beyond the fifth are not shown. */
  readonly hits: readonly ReportHit[];
  /** Rank of the right answer, from 1; absent where it was not found at all. */
  readonly rank?: number;
}

export interface ReportHit {
  readonly title: string;
  /** What was indexed, or its beginning. */
  readonly text?: string;
  readonly right: boolean;
}

/** Where the data came from and how it was split. */
export interface ReportSource {
  readonly description?: string;
  readonly splits: readonly ReportSplit[];
}

export interface ReportSplit {
  readonly name: string;
  readonly count: number;
  /** What it was used for. */
  readonly note?: string;
}
