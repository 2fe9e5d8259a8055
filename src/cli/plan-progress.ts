/** How far a plan is: the whole in steps, and within a step what a child counts. */
import {
  type Backbone,
  type Candidate,
  describeBackbone,
  type Step,
  secondsLeft,
} from "../plan/index.ts";
import type { Context } from "./command.ts";
import { trackTask } from "./progress.ts";

/** Steps of a backbone: it is built, measured and scored. */
const STEPS = 3;
/** Guesses in seconds: how far they are off shows after the first steps. */
const GUESS = { passes: 300, quantize: 15, documents: 1 / 40, scheme: 1.5 } as const;

export interface Ahead {
  readonly documents: number;
  readonly maxMinutes: number | undefined;
}

/** What is to be done for backbones whose vectors are kept in these ways. */
export function stepsOf(
  backbones: readonly Backbone[],
  wanted: readonly Candidate[],
  { documents, maxMinutes }: Ahead,
): readonly Step[] {
  const trained = new Set<string>();
  return backbones.flatMap((backbone) => {
    const { body, weights } = backbone;
    const trains = body.student && !trained.has(body.name);
    trained.add(body.name);
    const passes = maxMinutes === undefined ? GUESS.passes : 60 * maxMinutes;
    const schemes = wanted.filter((one) => one.backbone.name === backbone.name).length;
    const name = describeBackbone(backbone);
    // A bag of tokens still reads its texts; products of bytes take some half of the time.
    const share = Math.max(body.share, 0.05) * (weights.quantize ? 0.6 : 1);
    return [
      {
        name: `building ${name}`,
        guess: (trains ? passes : 0) + (weights.quantize ? GUESS.quantize : 0),
      },
      { name: `measuring ${name}`, guess: documents * GUESS.documents * share },
      { name: `scoring ${name}`, guess: schemes * GUESS.scheme },
    ];
  });
}

/** Tells how far the whole is, before the first step and after each. */
export function stepClock(steps: readonly Step[], { report, now }: Context) {
  const took: number[] = [];
  let began = now();
  const say = () =>
    report({
      type: "progress",
      ...{ task: "planning", unit: "steps", done: took.length, total: steps.length },
      secondsLeft: secondsLeft(steps, took),
      ...(took.length < steps.length && { figure: steps[took.length].name }),
    });
  const done = () => {
    const time = now();
    took.push((time - began) / 1000);
    began = time;
    say();
  };
  say();
  return {
    done,
    /** What is left of a backbone is not done. */
    skip: () => {
      do done();
      while (took.length % STEPS !== 0);
    },
  };
}

/** Of a child: one task for each kind of thing that it counts. */
export function childProgress(name: string, { report, now }: Context) {
  const tasks = new Map<string, ReturnType<typeof trackTask>>();
  return ({ unit, done, total }: { unit: string; done: number; total: number }) => {
    const advance =
      tasks.get(unit) ?? trackTask(report, { task: `measuring ${name}`, unit, total }, now);
    tasks.set(unit, advance);
    advance(done);
  };
}
