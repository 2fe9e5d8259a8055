/** How far a child is with one kind of thing that it counts. */
export interface ChildProgress {
  readonly unit: string;
  readonly done: number;
  readonly total: number;
}
