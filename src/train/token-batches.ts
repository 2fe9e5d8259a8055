import { batches } from "../data/batches.ts";
import { labelBatches } from "../data/label-batches.ts";
import type { Row } from "../data/row.ts";
import { NearfoldError } from "../errors.ts";
import { type Needs, requireRow } from "../losses/needs.ts";
import type { Model, Role } from "../models/model.ts";
import { promptTokensOf } from "../models/tokenizer-files.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { BatchShape, TokenBatch } from "./batch.ts";
import { mixture } from "./mixture.ts";

/** A data set, and what its texts are to the model. */
export interface TaskData {
  readonly rows: readonly Row[];
  /** What the rows must hold. @default two texts at least */
  readonly needs?: Needs;
  /** Put before each text of a role. @default the model's */
  readonly prompts?: Readonly<Record<Role, string>>;
  /** A teacher's vectors `[rows, W]` of the rows' first texts. @default none */
  readonly teacher?: Tensor<"float32">;
}

export interface TokenBatches {
  readonly totalSteps: number;
  /** By task. */
  readonly shapes: readonly BatchShape[];
  readonly distinctTexts: number;
  readonly truncated: number;
  /** Of each text once. */
  readonly tokens: number;
  /** The batch of a step, from 0: a pure function of the seed. */
  batch(step: number): {
    readonly epoch: number;
    readonly batch: TokenBatch;
    readonly tokens: number;
  };
}

interface Options {
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly noDuplicates: boolean;
  /** Of the mixture, where there are several tasks. */
  readonly mixtureTemperature: number;
}

/** Batches too small to hold a negative teach nothing. */
const SMALLEST = 2;
const MOST_NEGATIVES = 32;

/** Tokenizes each distinct text once and says which make up each step. */
export function tokenBatches(
  model: Model<Tensor>,
  tasks: readonly TaskData[],
  options: Options,
): TokenBatches {
  const texts = encodeTexts(model);
  const read = tasks.map((task) => ({ ...task, rows: rowsAsRead(task) }));
  const tables = read.map((task) => numberTexts(task, model, texts));
  const steps = planSteps(read, options);
  return {
    totalSteps: steps.length,
    shapes: tables.map(({ columns, labels }, task) => {
      const teacher = tasks[task].teacher?.shape[1];
      return { columns, labels, ...(teacher !== undefined && { teacher }) };
    }),
    distinctTexts: texts.sequences.length,
    truncated: texts.truncated(),
    tokens: texts.sequences.reduce((sum, { length }) => sum + length, 0),
    batch: (step) => {
      const { epoch, task, rows: chosen } = steps[step];
      const { columns, labels, rows, labelOf } = tables[task];
      const identity = new Int32Array(columns * chosen.length);
      for (let column = 0; column < columns; column++) {
        chosen.forEach((row, i) => {
          identity[column * chosen.length + i] = rows[row][column];
        });
      }
      const sequences = Array.from(identity, (text) => texts.sequences[text]);
      const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
      const values = labels > 0 && { labels: Float32Array.from([...chosen].flatMap(labelOf)) };
      const promptTokens = texts.promptTokens && identity.map((text) => texts.promptTokens![text]);
      const taught = tasks[task].teacher;
      const batch = {
        ...{ task, sequences, identity, ...values },
        ...(promptTokens && { promptTokens }),
        ...(taught && { teacher: rowsOf(taught, chosen) }),
      };
      return { epoch, batch, tokens };
    },
  };
}

const pairsOrMore: Needs = { texts: { least: 2, most: Number.POSITIVE_INFINITY } };

/**
 * What is read of the rows. A batch has one number of columns: a text beside the anchor counts where every row has one, and as many hard
 * negatives as every row has, their scores with them.
 */
export function rowsAsRead({ rows, needs = pairsOrMore }: TaskData): readonly Row[] {
  const { least, most } = needs.texts;
  const single = most === 1 || (least === 1 && rows.some(({ positive }) => positive === undefined));
  const room = single ? 0 : Math.min(MOST_NEGATIVES, Math.max(0, most - 2));
  const count = rows.reduce((least, { negatives }) => Math.min(least, negatives.length), room);
  return rows.map(({ anchor, positive, negatives, label }) => ({
    anchor,
    ...(positive !== undefined && !single && { positive }),
    negatives: negatives.slice(0, count),
    ...(label !== undefined && {
      label: typeof label === "object" ? label.slice(0, 1 + count) : label,
    }),
  }));
}

/** The texts of each row by number: anchor, positive, hard negatives; and the labels, if they are read. */
function numberTexts(
  { rows, needs = pairsOrMore, prompts, teacher }: TaskData,
  model: Model<Tensor>,
  texts: ReturnType<typeof encodeTexts>,
) {
  if (rows.length < SMALLEST) {
    throw new NearfoldError("bad-input", "too few pairs to train on", {
      got: `${rows.length}`,
      wanted: `at least ${SMALLEST}: the other pairs of a batch are the negatives`,
    });
  }
  if (teacher && teacher.shape[0] !== rows.length) {
    throw new NearfoldError("bad-argument", "the teacher embedded other rows", {
      got: `${teacher.shape[0]}`,
      wanted: `${rows.length}`,
    });
  }
  const { query, document } = prompts ?? model.prompts;
  const labelOf = labelsOf(rows, needs.label);
  const numbers = rows.map(({ anchor, positive, negatives }, row) => {
    const others = positive === undefined ? [] : [positive, ...negatives];
    const label = needs.label && labelOf(row);
    const found = {
      texts: 1 + others.length,
      label: label?.length === 1 ? label[0] : label,
      taught: teacher ? 1 : 0,
    };
    requireRow(needs, found, `row ${row + 1}`);
    return [texts.number(query, anchor), ...others.map((text) => texts.number(document, text))];
  });
  const labels = needs.label ? labelOf(0).length : 0;
  return { columns: numbers[0].length, labels, rows: numbers, labelOf };
}

/** The numbers of a row's label: of a class, where it is a name. */
function labelsOf(rows: readonly Row[], kind: Needs["label"]) {
  const classes = new Map<string, number>();
  return (row: number): number[] => {
    const { label } = rows[row];
    if (kind === "candidate-scores" && typeof label === "object") return [...label];
    if (kind !== "class" || label === undefined) return [label as number];
    const number = classes.get(`${label}`) ?? classes.size;
    classes.set(`${label}`, number);
    return [number];
  };
}

/** Some rows of a table, copied. */
function rowsOf({ data, shape }: Tensor<"float32">, rows: Int32Array): Float32Array {
  const width = shape[1];
  const found = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    found.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return found;
}

interface Step {
  readonly epoch: number;
  readonly task: number;
  /** Of the task's rows. */
  readonly rows: Int32Array;
}

/** An epoch has as many steps as all tasks have batches; a task that is drawn more often begins its next pass. */
function planSteps(tasks: readonly TaskData[], options: Options): readonly Step[] {
  const { epochs, seed, mixtureTemperature: temperature } = options;
  const streams = tasks.map((task) => batchStream(task, options));
  return Array.from({ length: epochs }, (_, epoch) => {
    const sizes = streams.map((stream) => stream.passSize(epoch));
    const order = mixture(sizes, { temperature, seed, epoch });
    return Array.from(order, (task) => ({ epoch, task, rows: streams[task].next() }));
  }).flat();
}

/** The batches of a task, pass after pass. */
function batchStream({ rows, needs }: TaskData, options: Options) {
  const labels = needs?.label === "class" ? rows.map(({ label }) => `${label}`) : undefined;
  // What a label says of a row, other rows do not gainsay: equal texts may stand in one batch.
  const noDuplicates = options.noDuplicates && !needs?.label;
  const batchesOf = (epoch: number) =>
    labels
      ? labelBatches(labels, { ...options, epoch })
      : batches(rows, { ...options, noDuplicates, epoch });
  const passes: (readonly Int32Array[])[] = [];
  const pass = (epoch: number) => {
    passes[epoch] ??= batchesOf(epoch).filter(({ length }) => length >= SMALLEST);
    if (passes[epoch].length > 0) return passes[epoch];
    throw new NearfoldError("bad-input", "no two pairs can stand in one batch", {
      got: `${rows.length} pairs that share a text`,
      hint: "Pairs of equal texts are no negatives of each other: give more kinds of pairs",
    });
  };
  let [at, taken] = [0, 0];
  return {
    passSize: (epoch: number) => pass(epoch).length,
    next: (): Int32Array => {
      if (taken === pass(at).length) [at, taken] = [at + 1, 0];
      return pass(at)[taken++];
    },
  };
}

/** Numbers texts and encodes each once; the same text after two prompts is two. */
function encodeTexts({ tokenizer, maxTokens, name, head }: Model<Tensor>) {
  const numbers = new Map<string, number>();
  const sequences: Int32Array[] = [];
  const promptTokens: number[] = [];
  const lengths = new Map<string, number>();
  const lengthOf = (prompt: string) => {
    const length = lengths.get(prompt) ?? promptTokensOf(tokenizer, prompt, maxTokens);
    lengths.set(prompt, length);
    return length;
  };
  let truncated = 0;
  return {
    sequences,
    /** Of each text, where they are not pooled. */
    promptTokens: head.includePrompt ? undefined : promptTokens,
    truncated: () => truncated,
    number: (prompt: string, text: string): number => {
      const whole = prompt + text;
      const known = numbers.get(whole);
      if (known !== undefined) return known;
      const { ids, truncated: cut } = tokenizer.encode(whole, { maxLength: maxTokens });
      if (ids.length === 0) {
        throw new NearfoldError("bad-input", "a text has no token the model knows", {
          at: name,
          got: JSON.stringify(text.slice(0, 60)),
        });
      }
      truncated += cut ? 1 : 0;
      sequences.push(ids);
      promptTokens.push(lengthOf(prompt));
      numbers.set(whole, sequences.length - 1);
      return sequences.length - 1;
    },
  };
}
