/** The sessions of all models that are served, and their lanes. */
import { measureLane } from "../measure-lane.ts";
import type { Lane } from "../queue/waiting.ts";
import type { RunBatch, Scheduler } from "../scheduler.ts";
import type { ServedModel } from "../served-model.ts";
import type { SessionSet } from "../session-set.ts";
import type { Supervised } from "../supervised.ts";
import { Instance } from "./instance.ts";

export interface ModelLanesOptions {
  readonly sliceMs: number;
  /** @default measured */
  readonly maxBatchTokens?: number;
}

/** What the sessions of a tower can do. */
interface Measured {
  readonly role: string;
  readonly sessions: SessionSet;
  readonly lane: Lane;
}

export class ModelLanes {
  readonly #scheduler: Scheduler;
  readonly #options: ModelLanesOptions;
  /** By lane. */
  readonly #sessions = new Map<string, SessionSet>();
  /** Lanes of vectors of tokens, by the lane of their sessions; each is there once it was asked for. */
  readonly #tokenLanes = new Map<string, string>();

  constructor(scheduler: Scheduler, options: ModelLanesOptions) {
    this.#scheduler = scheduler;
    this.#options = options;
  }

  run: RunBatch = ({ lane, slot }, ids, prompts) => {
    const sessions = this.#sessions.get(lane);
    if (sessions) return sessions.at(slot).run(ids, prompts);
    const [of] = [...this.#tokenLanes].find(([, name]) => name === lane)!;
    return this.#sessions.get(of)!.at(slot).runTokens(ids);
  };

  /** What the sessions of each tower of a model can do; they have run by then. @throws as they do */
  async measure(model: ServedModel): Promise<readonly Measured[]> {
    const { sliceMs, maxBatchTokens } = this.#options;
    const measured: Measured[] = [];
    for (const [role, { sessions, tokenizer, maxTokens }] of Object.entries(model.towers)) {
      if (measured.some((other) => other.sessions === sessions)) continue;
      const { narrow, wide } = sessions;
      const run = (session: Supervised, sequences: readonly Int32Array[]) =>
        session.run(sequences, new Int32Array(sequences.length));
      const lane = await measureLane({
        run: (sequences) => Promise.all(narrow.map((session) => run(session, sequences))),
        ...(wide && { runWide: (sequences) => run(wide, sequences) }),
        ...{ vocabSize: tokenizer.vocabSize, maxTokens, sliceMs },
        ...(maxBatchTokens !== undefined && { budgetTokens: maxBatchTokens }),
        now: () => performance.now(),
      });
      measured.push({ role, lane, sessions });
    }
    return measured;
  }

  /** The model under names of lanes that nobody has; they are opened next. */
  instanceOf(model: ServedModel, measured: readonly Measured[]): Instance {
    const lanes = measured.map(
      ({ role, sessions }) => [sessions, this.#freeLane(`${model.name}/${role}`)] as const,
    );
    return new Instance(model, new Map(lanes));
  }

  open({ lanes }: Instance, measured: readonly Measured[]): void {
    for (const { sessions, lane } of measured) {
      const name = lanes.get(sessions)!;
      this.#sessions.set(name, sessions);
      this.#scheduler.openLane(name, lane);
    }
  }

  /** Closes the lanes of a model that has no request any more. */
  async close({ lanes }: Instance): Promise<void> {
    for (const name of lanes.values()) {
      const tokens = this.#tokenLanes.get(name);
      await this.#scheduler.closeLane(name);
      if (tokens !== undefined) await this.#scheduler.closeLane(tokens);
      this.#tokenLanes.delete(name);
      this.#sessions.delete(name);
    }
  }

  laneOf(sessions: SessionSet): string {
    return [...this.#sessions].find(([, other]) => other === sessions)![0];
  }

  /** The lane of a tower's vectors of tokens: a batch is of one lane, and asks its session for one thing. */
  tokenLane(of: string): string {
    const known = this.#tokenLanes.get(of);
    if (known !== undefined) return known;
    const name = `${of}/tokens`;
    this.#tokenLanes.set(of, name);
    this.#scheduler.openLane(name, this.#scheduler.lanes[of]);
    return name;
  }

  /** A name that no session has, of a model that may be there twice for a while. */
  #freeLane(wanted: string): string {
    for (let again = 1; ; again++) {
      const name = again === 1 ? wanted : `${wanted}~${again}`;
      if (!this.#sessions.has(name)) return name;
    }
  }
}
