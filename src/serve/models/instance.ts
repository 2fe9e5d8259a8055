/** A model that is served, with what it has to do. */
import { NearfoldError } from "../../errors.ts";
import type { ServedModel } from "../served-model.ts";
import type { SessionSet } from "../session-set.ts";

export class Instance {
  readonly model: ServedModel;
  /** The lanes of its towers' sessions: one, or two where queries have a tower of their own. */
  readonly lanes: ReadonlyMap<SessionSet, string>;
  #unanswered = 0;
  #answered = 0;
  #failed = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(model: ServedModel, lanes: ReadonlyMap<SessionSet, string>) {
    this.model = model;
    this.lanes = lanes;
  }

  /** Requests since it was opened; those that failed are failures of the server's. */
  get requests(): { readonly unanswered: number; answered: number; failed: number } {
    return { unanswered: this.#unanswered, answered: this.#answered, failed: this.#failed };
  }

  /** Does the work of a request, and counts it. */
  async answer<T>(work: () => Promise<T>): Promise<T> {
    this.#unanswered++;
    try {
      const answer = await work();
      this.#answered++;
      return answer;
    } catch (error) {
      if (!(error instanceof NearfoldError) || error.httpStatus >= 500) this.#failed++;
      throw error;
    } finally {
      this.#unanswered--;
      if (this.#unanswered === 0) this.#idle?.resolve();
    }
  }

  /** For one that gets no more requests: until the last is answered. */
  async lastAnswer(): Promise<void> {
    if (this.#unanswered === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }
}
