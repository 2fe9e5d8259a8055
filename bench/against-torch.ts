import type { Precision } from "../src/train/index.ts";
import type { Child } from "./child.ts";
import { interleave, median } from "./measure.ts";
import { startOrtClock } from "./ort-clock.ts";
import { findPython, notInstalled, openPeer } from "./peer.ts";
import type { Finding, PeerFinding } from "./result.ts";
import { requireEqualLoss } from "./same-work.ts";
import { benchModel, openTraining, plainSteps, RATE, toPairs, toTexts } from "./training.ts";
import { makeWeights, saveForPeers } from "./workload.ts";

/** One way in which PyTorch takes the step. */
export interface TorchMode {
  readonly dtype: "float32" | "bfloat16";
  readonly attention: "eager" | "sdpa";
}

interface TorchStep extends Readonly<Record<string, unknown>> {
  readonly ms: number;
  readonly loss: number;
}

interface AgainstTorchOptions {
  readonly modes: readonly TorchMode[];
  readonly runs: number;
  /** Of ours. @default "float32" */
  readonly precision?: Precision;
}

/** How far the peer's first loss may be from ours, relatively: beyond it, the two do not do the same work. */
const LOSS_TOLERANCE = { float32: 1e-4, bfloat16: 3e-2 } as const;

/** Steps of ours besides the counted ones: the compared one and the warm-up. */
const MORE_STEPS = 3;

/**
 * Our training step and PyTorch's on the same weights and token ids, in turn: milliseconds.
 * Each side's first loss must be the same.
 */
export async function trainAgainstTorch(
  sequences: readonly (readonly number[])[],
  { modes, runs, precision = "float32" }: AgainstTorchOptions,
): Promise<Finding> {
  const weights = makeWeights();
  await using folder = await saveForPeers(weights);
  await using ours = openTraining(benchModel({ weights }), toPairs(toTexts(sequences)), {
    ...plainSteps,
    precision,
    batchSize: sequences.length / 2,
    epochs: runs + MORE_STEPS,
  });
  await using stack = new AsyncDisposableStack();
  const python = findPython();
  const torches: { readonly name: string; readonly child: Child }[] = [];
  if (python) {
    const { loss: wanted } = await ours.step();
    for (const mode of modes) {
      const child = stack.use(openPeer(python, "train_step.py"));
      const request = { model: folder.path, sequences, rate: RATE, ...mode };
      const { name } = await child.ask<{ name: string }>("open", request);
      const { loss } = await child.ask<TorchStep>("step");
      requireEqualLoss(name, loss, wanted, LOSS_TOLERANCE[mode.dtype]);
      torches.push({ name, child });
    }
  }
  using clock = startOrtClock();
  const inside: number[] = [];
  const sides = [
    async () => {
      const before = clock.ms;
      const { ms } = await ours.step();
      inside.push(clock.ms - before);
      return ms;
    },
    ...torches.map(
      ({ child }) =>
        async () =>
          (await child.ask<TorchStep>("step")).ms,
    ),
  ];
  const [figures, ...theirs] = await interleave(
    sides.map((run) => ({ run })),
    { runs },
  );
  const peers: PeerFinding[] = python
    ? torches.map(({ name }, index) => ({ name, figures: theirs[index] }))
    : modes.map(({ dtype }) => ({ name: notInstalled(`PyTorch 2.15 ${dtype}`) }));
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  return { ours: figures, peers, details: { tokens, insideOnnxRuntimeMs: median(inside) } };
}
