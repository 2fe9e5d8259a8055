/** How long work shows itself: one stream of events, seen as a bar, as plain lines or as JSON lines. */
import { SingleBar } from "cli-progress";

export type ProgressEvent =
  /** Something worth a line of its own; `data` is the same for programs. */
  { readonly type: "note"; readonly text: string; readonly data?: object } | TaskEvent;

/** How far a task is; the last one has `done` equal to `total`. */
export interface TaskEvent {
  readonly type: "progress";
  readonly task: string;
  /** What is counted: "steps", "texts". */
  readonly unit: string;
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number;
  /** A figure that moves: "loss 1.32". */
  readonly figure?: string;
  readonly data?: object;
}

export type Report = (event: ProgressEvent) => void;

/** Where text goes: a stream, or what a test puts in its place. */
export interface Output {
  /** Gives false when it is full until "drain", as streams do. */
  write(text: string): unknown;
  once?(event: "drain", listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Reporter extends Disposable {
  readonly report: Report;
}

/** Milliseconds between two lines of one task: enough to see that it lives, not enough to fill a log. */
const LINE_EVERY = 5000;
/** Milliseconds between two JSON lines of one task. */
const JSON_EVERY = 500;

/** The ways to see the events. */
export const reporters = { bar, lines, json } as const satisfies Record<
  string,
  (output: Output, now: () => number) => Reporter
>;

export type ReporterName = keyof typeof reporters;

/** A bar for people at a terminal, JSON for programs that ask for it, lines for the rest. */
export function chooseReporter(output: Output, wantsJson: boolean): ReporterName {
  if (wantsJson) return "json";
  return output.isTTY ? "bar" : "lines";
}

/** Counts a task up and says how long it will still take, from the time it took so far. */
export function trackTask(
  report: Report,
  { task, unit, total }: Pick<TaskEvent, "task" | "unit" | "total">,
  now: () => number,
): (done: number, figure?: string) => void {
  const started = now();
  return (done, figure) => {
    const elapsed = (now() - started) / 1000;
    const secondsLeft = done > 0 ? (elapsed * (total - done)) / done : 0;
    report({
      type: "progress",
      ...{ task, unit, done, total, secondsLeft },
      ...(figure !== undefined && { figure }),
    });
  };
}

/** How far work is whose size is a guess until its end; what was done `before` by an earlier run took no time of this one. */
export interface GuessedProgress {
  readonly texts: number;
  readonly total: number;
  readonly before: number;
}

/** Counts such a task up. */
export function trackGuess(
  report: Report,
  { task, unit }: Pick<TaskEvent, "task" | "unit">,
  now: () => number,
): (progress: GuessedProgress) => void {
  const started = now();
  let ended = false;
  return ({ texts: done, total, before }) => {
    if (ended && done === total) return;
    ended = done === total;
    const elapsed = (now() - started) / 1000;
    const secondsLeft = done > before ? (elapsed * (total - done)) / (done - before) : 0;
    report({ type: "progress", task, unit, done, total, secondsLeft });
  };
}

/** "42 s", "3 min 5 s", "2 h 10 min". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bar(output: Output): Reporter {
  let shown: { readonly task: string; readonly bar: SingleBar } | undefined;
  const stop = () => {
    shown?.bar.stop();
    shown = undefined;
  };
  const show = ({ task, unit, done, total, secondsLeft, figure = "" }: TaskEvent) => {
    const fields = { task, unit, figure, left: `${formatSeconds(secondsLeft)} left` };
    if (shown?.task !== task) {
      stop();
      shown = { task, bar: new SingleBar(barOptions(output)) };
      shown.bar.start(total, done, fields);
    }
    shown.bar.setTotal(total);
    shown.bar.update(done, fields);
    if (done >= total) stop();
  };
  return {
    report: (event) => {
      if (event.type === "progress") return show(event);
      stop();
      output.write(`${event.text}\n`);
    },
    [Symbol.dispose]: stop,
  };
}

function barOptions(output: Output) {
  return {
    format: "{task} {bar} {value}/{total} {unit}  {left}  {figure}",
    stream: output as NodeJS.WritableStream,
    hideCursor: true,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    fps: 10,
    // A bar that waits for a key or a signal would keep the process alive.
    gracefulExit: false,
    emptyOnZero: true,
  };
}

function lines(output: Output, now: () => number): Reporter {
  const isDue = rateLimit(now, LINE_EVERY);
  return {
    report: (event) => {
      if (event.type === "note") output.write(`${event.text}\n`);
      else if (isDue(event)) output.write(`${describe(event)}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

function describe({ task, unit, done, total, secondsLeft, figure }: TaskEvent): string {
  const left = done < total ? [`${formatSeconds(secondsLeft)} left`] : [];
  const figures = figure === undefined ? [] : [figure];
  return [`${task}: ${done}/${total} ${unit}`, ...left, ...figures].join(", ");
}

function json(output: Output, now: () => number): Reporter {
  const isDue = rateLimit(now, JSON_EVERY);
  return {
    report: (event) => {
      if (event.type === "progress" && !isDue(event)) return;
      const { data, ...fields } = event;
      output.write(`${JSON.stringify({ ...fields, ...data })}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

/** Whether an event is shown: the first and the last of its task, and one every so often between them. */
function rateLimit(now: () => number, everyMs: number): (event: TaskEvent) => boolean {
  const last = new Map<string, number>();
  return ({ task, done, total }) => {
    const time = now();
    const before = last.get(task);
    if (before !== undefined && time - before < everyMs && done < total) return false;
    last.set(task, time);
    return true;
  };
}
