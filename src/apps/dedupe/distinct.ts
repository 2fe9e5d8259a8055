/** Distinct texts, the rows that each stands for, and what stands for it. */
import { type Stage, splitSet } from "./groups.ts";
import { type Candidate, inOrder, type KeepName, keepRules } from "./keep.ts";

export interface JoinOptions {
  readonly stage: Exclude<Stage, "exact">;
  /** Whether a member may stand behind what is kept. */
  readonly isSame: (a: number, b: number) => boolean;
  readonly scoreOf: (a: number, b: number) => number;
  /** The number of a member's text. @default itself */
  readonly textOf?: (member: number) => number;
}

const stages = ["exact", "near", "semantic"] as const satisfies readonly Stage[];

/** How a text was found to be a duplicate. */
export interface Found {
  readonly stage: Stage;
  readonly score: number;
}

/** Grows row by row, then is joined stage by stage. Some tens of bytes a row. */
export class Distinct {
  readonly keep: KeepName;
  readonly ids: string[] = [];
  /** The text of each row. */
  #textOf = new Int32Array(1024);
  #lengths = new Uint32Array(1024);
  /** Empty where no rule reads it. */
  #ranks: Float64Array;
  /** The row to keep of each text. */
  #best = new Int32Array(1024);
  #texts = 0;
  /** The text that stands for each; itself at first. */
  #leaders: Int32Array | undefined;
  /** The place of a stage, and the score to the leader of it. */
  #stages = new Uint8Array(0);
  #scores = new Float32Array(0);

  constructor(keep: KeepName) {
    this.keep = keep;
    this.#ranks = new Float64Array(keepRules[keep].byField ? 1024 : 0);
  }

  get rows(): number {
    return this.ids.length;
  }

  get texts(): number {
    return this.#texts;
  }

  /** A row of the text of that number; a number comes first when it is the next. */
  add(
    text: number,
    { id, length, rank }: { readonly id: string; readonly length: number; readonly rank: number },
  ): void {
    const row = this.ids.length;
    this.#reserve(row + 1);
    this.ids.push(id);
    this.#textOf[row] = text;
    this.#lengths[row] = length;
    if (this.#ranks.length > 0) this.#ranks[row] = rank;
    if (text === this.#texts) {
      this.#texts++;
      this.#best[text] = row;
      return;
    }
    const [first] = inOrder([this.#candidate(this.#best[text]), this.#candidate(row)], this.keep);
    this.#best[text] = first.row;
  }

  /** Texts that nothing else stands for and their rows, in the order of the rows. */
  left(): readonly { readonly text: number; readonly row: number }[] {
    const leaders = this.#ready();
    const left: { readonly text: number; readonly row: number }[] = [];
    for (let text = 0; text < this.#texts; text++) {
      if (leaders[text] === text) left.push({ text, row: this.#best[text] });
    }
    return left.sort((a, b) => a.row - b.row);
  }

  /** Lets the members of a set stand for each other, by the rule of what is kept. */
  join(
    members: readonly number[],
    { stage, isSame, scoreOf, textOf = (member) => member }: JoinOptions,
  ): void {
    const leaders = this.#ready();
    const memberOf = new Map(members.map((member) => [this.#best[textOf(member)], member]));
    const candidates = [...memberOf.keys()].map((row) => this.#candidate(row));
    const ordered = inOrder(candidates, this.keep).map(({ row }) => memberOf.get(row)!);
    for (const [kept, ...dropped] of splitSet(ordered, isSame)) {
      for (const member of dropped) {
        const text = textOf(member);
        leaders[text] = textOf(kept);
        this.#stages[text] = stages.indexOf(stage);
        this.#scores[text] = scoreOf(kept, member);
      }
    }
  }

  /** The row that is kept of a row's text, or stands for it. */
  keptOf(row: number): number {
    return this.#best[this.#leaderOf(this.#textOf[row])];
  }

  /** How a row was found to be what is kept of it: by the last stage that was needed. */
  foundOf(row: number): Found {
    this.#ready();
    let text = this.#textOf[row];
    let found: Found = { stage: "exact", score: 1 };
    const leaders = this.#leaders!;
    for (; leaders[text] !== text; text = leaders[text]) {
      found = { stage: stages[this.#stages[text]], score: this.#scores[text] };
    }
    return found;
  }

  /** Rows of groups of two and more: what is kept, then the others as they came. In the order of their first rows. */
  *groups(): Generator<readonly [kept: number, ...dropped: number[]]> {
    const next = new Int32Array(this.rows).fill(-1);
    const first = new Int32Array(this.rows).fill(-1);
    for (let row = this.rows - 1; row >= 0; row--) {
      const kept = this.keptOf(row);
      next[row] = first[kept];
      first[kept] = row;
    }
    for (let row = 0; row < this.rows; row++) {
      const kept = this.keptOf(row);
      if (first[kept] !== row || next[row] < 0) continue;
      const dropped: number[] = [];
      for (let at = row; at >= 0; at = next[at]) if (at !== kept) dropped.push(at);
      yield [kept, ...dropped];
    }
  }

  #leaderOf(text: number): number {
    const leaders = this.#ready();
    let at = text;
    while (leaders[at] !== at) at = leaders[at];
    return at;
  }

  #ready(): Int32Array {
    if (!this.#leaders) {
      this.#leaders = Int32Array.from({ length: this.#texts }, (_, text) => text);
      this.#stages = new Uint8Array(this.#texts);
      this.#scores = new Float32Array(this.#texts);
    }
    return this.#leaders;
  }

  #candidate(row: number): Candidate {
    const rank = this.#ranks.length > 0 ? this.#ranks[row] : Number.NaN;
    return { row, length: this.#lengths[row], rank };
  }

  #reserve(rows: number): void {
    if (rows <= this.#textOf.length) return;
    const room = 2 * this.#textOf.length;
    this.#textOf = copied(this.#textOf, new Int32Array(room));
    this.#best = copied(this.#best, new Int32Array(room));
    this.#lengths = copied(this.#lengths, new Uint32Array(room));
    if (this.#ranks.length > 0) this.#ranks = copied(this.#ranks, new Float64Array(room));
  }
}

function copied<A extends Int32Array | Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
