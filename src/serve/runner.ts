/** From inputs to what a model gives for them: the door, the tokenizer, the queue. */
import { spreadRows, sumOf, towerOf } from "./computed.ts";
import {
  type Computed,
  classify,
  type EmbedRequest,
  guessTokens,
  requireAnswerSize,
} from "./embed-request.ts";
import type { Instance } from "./models/instance.ts";
import type { ModelLanes } from "./models/model-lanes.ts";
import { type AdmissionPolicy, type Backlog, requireRoom } from "./queue/admission.ts";
import type { Priority } from "./queue/waiting.ts";
import type { Scheduler } from "./scheduler.ts";
import { tokenizeInputs } from "./tokenize.ts";

/** A request, and which model answers it by when. */
export interface Job {
  readonly request: EmbedRequest;
  readonly instance: Instance;
  /** On the clock of `performance.now`. */
  readonly deadline: number;
}

export class Runner {
  readonly #scheduler: Scheduler;
  readonly #lanes: ModelLanes;
  readonly #policy: AdmissionPolicy;
  /** Milliseconds of work whose texts are being tokenized. */
  readonly #coming: Record<Priority, number> = { interactive: 0, bulk: 0 };

  constructor(scheduler: Scheduler, lanes: ModelLanes, policy: AdmissionPolicy) {
    this.#scheduler = scheduler;
    this.#lanes = lanes;
    this.#policy = policy;
  }

  /**
   * Lets a request in, or refuses it, and runs its inputs: a row for each, or for each of their tokens.
   * @throws overloaded; too-large; bad-argument; as `Scheduler.submit`
   */
  async run(
    { request, instance, deadline }: Job,
    { perToken = false }: { readonly perToken?: boolean } = {},
  ): Promise<Computed> {
    const { model, inputs, signal } = request;
    const start = performance.now();
    const tower = towerOf(request);
    const ownLane = instance.lanes.get(tower.sessions)!;
    const lane = perToken ? this.#lanes.tokenLane(ownLane) : ownLane;
    const guess = guessTokens(inputs, tower.maxTokens);
    const priority = request.priority ?? classify(inputs, guess);
    requireRoom(this.#backlog(), priority, this.#policy);
    const guessMs = this.#scheduler.msOf(guess, lane);
    this.#coming[priority] += guessMs;
    const tokenized = await tokenizeInputs(request, tower).finally(() => {
      this.#coming[priority] -= guessMs;
    });
    const { sequences, truncated, promptTokens } = tokenized;
    const counts = sequences.map(({ length }) => length);
    if (perToken) requireAnswerSize(request, sumOf(counts) * tower.tokenWidth!);
    const tokenize = performance.now() - start;
    // A text of a static model may have no token at all.
    const rows = [...sequences.keys()].filter((i) => sequences[i].length > 0);
    const none = { priority, batches: 0, batchTokens: 0, times: { tokenize, queue: 0, run: 0 } };
    const width = perToken ? 0 : model.space.dims;
    if (rows.length === 0) {
      return { ...none, vectors: new Float32Array(counts.length * width), counts, truncated };
    }
    const work = {
      ...{ lane, priority, perToken },
      sequences: rows.map((i) => sequences[i]),
      promptTokens: rows.map(() => promptTokens),
    };
    const done = await this.#scheduler.submit(work, { ...(signal && { signal }), deadline });
    const isWhole = perToken || rows.length === counts.length;
    return {
      vectors: isWhole ? done.vectors : spreadRows(done.vectors, { rows, count: counts.length }),
      ...{ counts, truncated, priority },
      ...{ batches: done.batches, batchTokens: done.batchTokens },
      times: { tokenize, queue: done.queueMs, run: done.runMs },
    };
  }

  #backlog(): Backlog {
    const { interactive, bulk } = this.#scheduler.backlog();
    const coming = this.#coming;
    return { interactive: interactive + coming.interactive, bulk: bulk + coming.bulk };
  }
}
