/** Fine-tuning on real texts, ours and a peer's: the same batches, the same schedule, step by step in turn. */
import type { Pair } from "../src/data/pairs.ts";
import type { Model } from "../src/models/model.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import type { TrainOptions } from "../src/train/options.ts";
import type { Child } from "./child.ts";
import { interleave, mean } from "./measure.ts";
import { findPython, openPeer } from "./peer.ts";
import { requireEqualLoss } from "./same-work.ts";
import { peerSchedule, type TextBatch, textBatches } from "./text-batches.ts";
import { openTraining, type StepTime, type Training } from "./training.ts";

export type Step = (batch: TextBatch) => Promise<StepTime>;

/** A fine-tuning that a peer can follow. */
export interface Work {
  readonly model: Model<Tensor>;
  readonly pairs: readonly Pair[];
  readonly options: TrainOptions;
  readonly peer: {
    /** Of bench/peers/. */
    readonly script: string;
    /** What it is called where it is not installed. */
    readonly name: string;
    /** What its `open` takes besides `peerSchedule`. */
    readonly request: Readonly<Record<string, unknown>>;
  };
  /** Which losses of the two sides must be equal, and how nearly, relatively. */
  readonly equalLoss: { readonly of: "first" | "mean"; readonly tolerance: number };
}

export interface Peer {
  readonly name: string;
  readonly child: Child;
  readonly step: Step;
}

/** Starts a work's peer; undefined where it is not installed. Close the child with `await using`. */
export async function openFinetuningPeer(
  { options, peer: { script, request } }: Work,
  totalSteps: number,
): Promise<Peer | undefined> {
  const python = findPython();
  if (!python) return undefined;
  await using stack = new AsyncDisposableStack();
  const child = stack.use(openPeer(python, script));
  const { name } = await child.ask<{ name: string }>("open", {
    ...request,
    ...peerSchedule(options, totalSteps),
  });
  stack.move();
  return { name, child, step: peerStep(name, child) };
}

export interface BothSides extends AsyncDisposable {
  readonly batches: readonly TextBatch[];
  readonly ours: Training;
  /** Absent where it is not installed. */
  readonly peer: Peer | undefined;
}

/** Opens both sides of a work, ready for the first of `batches`. */
export async function openBothSides(work: Work): Promise<BothSides> {
  const { model, pairs, options } = work;
  const batches = textBatches(model, pairs, options);
  await using opening = new AsyncDisposableStack();
  const ours = opening.use(openTraining(model, pairs, options));
  const peer = await openFinetuningPeer(work, batches.length);
  opening.use(peer?.child);
  const stack = opening.move();
  return { batches, ours, peer, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A step of a peer's. @throws where it reads other tokens than we do */
export function peerStep(name: string, peer: Child): Step {
  return async ({ anchors, positives, tokens: wanted }) => {
    const request = { anchors, positives };
    const { ms, loss, tokens } = await peer.ask<PeerStep>("step", request);
    if (tokens === wanted) return { ms, loss };
    throw new Error(`${name} does other work than we do: it reads ${tokens} tokens, we ${wanted}`);
  };
}

interface PeerStep extends StepTime, Readonly<Record<string, unknown>> {
  readonly tokens: number;
}

export interface Steps {
  /** Real tokens a second, of each counted step. */
  readonly tokensPerSecond: readonly number[];
  /** Of all steps, those before counting began too. */
  readonly losses: readonly number[];
}

/** The first `count` steps on both sides, the peer's where it is installed. @throws where their losses are not alike */
export async function trainBothSides(
  { batches, ours, peer }: BothSides,
  { equalLoss: { of, tolerance } }: Work,
  { count = batches.length, warmUps = 2 }: StepOptions = {},
): Promise<{ readonly ours: Steps; readonly peer: Steps | undefined }> {
  const sides = [() => ours.step(), ...(peer ? [peer.step] : [])];
  const [mine, theirs] = await stepInTurn(sides, batches.slice(0, count), warmUps);
  if (peer) {
    const [wanted, got] = [mine, theirs].map(({ losses }) =>
      of === "first" ? losses[0] : mean(losses),
    );
    requireEqualLoss(peer.name, got, wanted, tolerance);
  }
  return { ours: mine, peer: theirs };
}

interface StepOptions {
  /** @default all */
  readonly count?: number;
  /** The first of them, which are not counted. @default 2 */
  readonly warmUps?: number;
}

/** Takes each batch on all sides, in turn. */
export async function stepInTurn(
  sides: readonly Step[],
  batches: readonly TextBatch[],
  warmUps: number,
): Promise<Steps[]> {
  const losses = sides.map((): number[] => []);
  const runners = sides.map((step, side) => ({
    run: async () => {
      const batch = batches[losses[side].length];
      const { ms, loss } = await step(batch);
      losses[side].push(loss);
      return (1000 * batch.tokens) / ms;
    },
  }));
  const figures = await interleave(runners, { runs: batches.length - warmUps, warmUps });
  return figures.map((tokensPerSecond, side) => ({ tokensPerSecond, losses: losses[side] }));
}
