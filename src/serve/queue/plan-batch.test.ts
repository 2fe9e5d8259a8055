import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchPolicy, planBatch } from "./plan-batch.ts";
import type { Priority, QueueState, Running, Waiting } from "./waiting.ts";

const lane = { budgetTokens: 100, sliceTokens: 20, tokensPerMs: 1, wideTokens: 0 };
const policy: BatchPolicy = { lanes: { a: lane, b: lane }, bulkShare: 0.2, maxBatchInputs: 8 };

interface Sketch extends Partial<Waiting> {
  readonly tokens: readonly number[];
}

let ids = 0;
const waiting = (priority: Priority, request: Sketch): Waiting => ({
  id: ids++,
  priority,
  lane: "a",
  taken: 0,
  deadline: Number.POSITIVE_INFINITY,
  gone: false,
  alone: false,
  tokensLeft: sum(request.tokens.slice(request.taken ?? 0)),
  ...request,
});
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
const q = (...tokens: number[]): Sketch => ({ tokens });

function stateOf(
  interactive: readonly Sketch[],
  bulk: readonly Sketch[] = [],
  owedMs = 0,
  running: Running = { idle: 1, interactive: 0, wide: false },
): QueueState {
  const all = (priority: Priority, sketches: readonly Sketch[]) =>
    sketches.map((sketch) => waiting(priority, sketch));
  return {
    waiting: { interactive: all("interactive", interactive), bulk: all("bulk", bulk) },
    owedMs,
    running,
  };
}

/** "interactive 0[0,2) 1[0,1)": the class, and of each request by its place in the class the inputs taken. */
function planned(state: QueueState, now = 0): string {
  const { batch } = planBatch(state, policy, now);
  if (!batch) return "nothing";
  const order = state.waiting[batch.priority];
  const takes = batch.takes.map(({ request, from, to }) => {
    return `${order.indexOf(request)}[${from},${to})`;
  });
  return [batch.priority, ...takes].join(" ");
}

describe("the next batch", () => {
  test.each<[rule: string, state: QueueState, batch: string]>([
    ["of nothing is none", stateOf([]), "nothing"],
    ["queries together", stateOf([q(10), q(10), q(10)]), "interactive 0[0,1) 1[0,1) 2[0,1)"],
    ["to the budget", stateOf([q(60), q(40), q(1)]), "interactive 0[0,1) 1[0,1)"],
    ["not past one that does not fit", stateOf([q(60), q(41), q(1)]), "interactive 0[0,1)"],
    ["a part of a request", stateOf([q(60, 30, 20)]), "interactive 0[0,2)"],
    ["goes on where it was", stateOf([{ tokens: [60, 30, 20], taken: 2 }]), "interactive 0[2,3)"],
    ["a larger one alone", stateOf([q(150), q(1)]), "interactive 0[0,1)"],
    ["no more than so many inputs", stateOf([q(...Array(9).fill(1))]), "interactive 0[0,8)"],
    ["queries before bulk", stateOf([q(10)], [q(10)]), "interactive 0[0,1)"],
    ["bulk in slices", stateOf([], [q(10, 10, 10), q(5)]), "bulk 0[0,2)"],
    ["of several bulk requests", stateOf([], [q(10), q(10)]), "bulk 0[0,1) 1[0,1)"],
    ["bulk that is owed a slice", stateOf([q(10)], [q(10, 10)], 20), "bulk 0[0,2)"],
    ["not bulk that is owed less", stateOf([q(10)], [q(10, 10)], 19), "interactive 0[0,1)"],
    ["a large slice waits longer", stateOf([q(10)], [q(150)], 149), "interactive 0[0,1)"],
    ["one session", stateOf([q(1), { ...q(1), lane: "b" }, q(1)]), "interactive 0[0,1) 2[0,1)"],
    ["the session of the first", stateOf([{ ...q(1), lane: "b" }, q(1)]), "interactive 0[0,1)"],
    ["who failed alone", stateOf([{ ...q(1, 1), alone: true }, q(1)]), "interactive 0[0,2)"],
    ["without who failed", stateOf([q(1), { ...q(1), alone: true }]), "interactive 0[0,1)"],
    ["not who is gone", stateOf([{ ...q(1), gone: true }, q(1)]), "interactive 1[0,1)"],
    ["not who is late", stateOf([{ ...q(1), deadline: 0 }], [q(1)]), "bulk 0[0,1)"],
  ])("%s", (_, state, batch) => {
    expect(planned(state)).toBe(batch);
  });

  const wide: BatchPolicy = { ...policy, lanes: { a: { ...lane, wideTokens: 30 }, b: lane } };
  const running = (idle: number, interactive = 0, wide = false): Running => {
    return { idle, interactive, wide };
  };
  test.each<[rule: string, state: QueueState, batch: string]>([
    [
      "half of it for one of two",
      stateOf([q(9), q(9), q(9), q(9)], [], 0, running(2)),
      "0[0,1) 1[0,1)",
    ],
    ["at least one input", stateOf([q(40)], [], 0, running(3)), "0[0,1)"],
    [
      "a slice of bulk, not half of it",
      stateOf([], [q(8, 8, 8, 8, 8, 8)], 0, running(2)),
      "0[0,2)",
    ],
    ["nothing where nothing is idle", stateOf([q(40)], [q(1)], 0, running(0)), ""],
    [
      "a few queries on all cores",
      stateOf([q(10), q(20)], [], 0, running(2)),
      "wide 0[0,1) 1[0,1)",
    ],
    ["beside bulk", stateOf([q(10)], [q(10)], 0, running(0)), "wide 0[0,1)"],
    [
      "what is owed to bulk does not matter there",
      stateOf([q(10)], [q(5)], 99, running(1)),
      "wide 0[0,1)",
    ],
    ["not where they are many", stateOf([q(10), q(21)], [], 0, running(1)), "0[0,1) 1[0,1)"],
    ["not beside other queries", stateOf([q(10)], [], 0, running(1, 1)), "0[0,1)"],
    ["after others that have all cores", stateOf([q(10)], [], 0, running(2, 0, true)), ""],
    ["bulk beside those", stateOf([q(10)], [q(5)], 0, running(2, 0, true)), "0[0,1)"],
    ["not who failed", stateOf([{ ...q(10), alone: true }], [], 0, running(1)), "0[0,1)"],
    ["not of two models", stateOf([q(5), { ...q(5), lane: "b" }], [], 0, running(1)), "0[0,1)"],
  ])("among several sessions: %s", (_, state, wanted) => {
    const { batch } = planBatch(state, wide, 0);
    const order = batch ? state.waiting[batch.priority] : [];
    const takes = (batch?.takes ?? []).map(({ request, from, to }) => {
      return `${order.indexOf(request)}[${from},${to})`;
    });
    expect([...(batch?.wide ? ["wide"] : []), ...takes].join(" ")).toBe(wanted);
  });

  test("says who was dropped, and takes nothing of them", () => {
    const state = stateOf([{ ...q(1), gone: true }], [{ ...q(1), deadline: 5 }, q(1)]);
    const { dropped, batch } = planBatch(state, policy, 5);
    expect(dropped).toEqual([state.waiting.interactive[0], state.waiting.bulk[0]]);
    expect(batch?.takes.map(({ request }) => request)).toEqual([state.waiting.bulk[1]]);
  });

  test.each<[rule: string, state: QueueState, owedMs: number]>([
    ["a quarter of 40 ms while bulk waits", stateOf([q(40)], [q(1)]), 10],
    ["nothing where no bulk waits", stateOf([q(40)], [], 7), 0],
    ["nothing where no query waits", stateOf([], [q(10)], 7), 0],
    ["what is left after a slice", stateOf([q(1)], [q(20)], 25), 5],
  ])("owes bulk %s", (_, state, owedMs) => {
    expect(planBatch(state, policy, 0).owedMs).toBeCloseTo(owedMs);
  });
});

/** What arrives before each batch, and who leaves. */
const arrival = fc.record({
  priority: fc.constantFrom<Priority>("interactive", "bulk"),
  lane: fc.constantFrom("a", "b"),
  tokens: fc.array(fc.integer({ min: 1, max: 130 }), { minLength: 1, maxLength: 12 }),
  alone: fc.boolean(),
  patience: fc.option(fc.integer({ min: 1, max: 400 }), { nil: Number.POSITIVE_INFINITY }),
});
type Arrival = Pick<Waiting, "priority" | "lane" | "tokens" | "alone"> & { patience: number };
const story = fc.array(fc.array(arrival, { maxLength: 4 }), { minLength: 1, maxLength: 20 });

type Planned = NonNullable<ReturnType<typeof planBatch>["batch"]>;
/** Sessions that have a share of the cores, and the tokens that the one with all of them takes at once. */
interface Machine {
  readonly workers: number;
  readonly wideTokens: number;
}
const oneSession: Machine = { workers: 1, wideTokens: 0 };
const machines = fc.constantFrom(oneSession, { workers: 2, wideTokens: 30 });

/** Runs batches until nobody waits, each as long as its tokens; a round of arrivals before each plan. */
function play(rounds: readonly (readonly Arrival[])[], { workers, wideTokens }: Machine) {
  type Mutable = { -readonly [K in keyof Waiting]: Waiting[K] };
  const all: Mutable[] = [];
  const dropped = new Set<number>();
  const batches: { plan: Planned; both: boolean; afresh: boolean }[] = [];
  /** Nobody waited since the last batch: what was owed is forgotten. */
  let afresh = true;
  const mine = { ...policy, lanes: { a: { ...lane, wideTokens }, b: { ...lane, wideTokens } } };
  let running: { plan: Planned; ends: number }[] = [];
  let [now, owedMs] = [0, 0];
  const pending = () => all.filter((r) => r.taken < r.tokens.length && !dropped.has(r.id));
  for (let round = 0; round < rounds.length || pending().length > 0; round++) {
    for (const { patience, ...rest } of rounds[round] ?? []) {
      const more = { id: all.length, taken: 0, gone: false, tokensLeft: sum(rest.tokens) };
      all.push({ ...rest, ...more, deadline: now + patience });
    }
    const of = (priority: Priority) => pending().filter((r) => r.priority === priority);
    const narrow = running.filter(({ plan }) => !plan.wide);
    const state = {
      waiting: { interactive: of("interactive"), bulk: of("bulk") },
      owedMs,
      running: {
        idle: workers - narrow.length,
        interactive: narrow.filter(({ plan }) => plan.priority === "interactive").length,
        wide: running.length > narrow.length,
      },
    };
    const plan = planBatch(state, mine, now);
    owedMs = plan.owedMs;
    for (const { id } of plan.dropped) dropped.add(id);
    const { batch } = plan;
    if (batch) {
      expect(batch.wide ? !state.running.wide : state.running.idle > 0).toBe(true);
      const live = (priority: Priority) => of(priority).some((r) => r.deadline > now);
      batches.push({ plan: batch, both: live("interactive") && live("bulk"), afresh });
      for (const { request, from, to } of batch.takes) {
        const taken = all[request.id];
        expect(from).toBe(taken.taken);
        expect(to).toBeGreaterThan(from);
        expect(request.deadline).toBeGreaterThan(now);
        taken.tokensLeft -= sum(taken.tokens.slice(from, to));
        taken.taken = to;
      }
      running.push({ plan: batch, ends: now + batch.tokens / lane.tokensPerMs });
    }
    afresh = !batch && running.length === 0;
    if (running.length === 0 || (batch && workers > 1)) continue;
    now = Math.min(...running.map(({ ends }) => ends));
    running = running.filter(({ ends }) => ends > now);
  }
  return { all, dropped, batches };
}

describe("whatever arrives", () => {
  test("all is taken once and in order, or was dropped for its deadline", () => {
    fc.assert(
      fc.property(story, machines, (rounds, machine) => {
        const { all, dropped } = play(rounds, machine);
        for (const { id, taken, tokens, deadline } of all) {
          if (dropped.has(id)) expect(deadline).toBeLessThan(Number.POSITIVE_INFINITY);
          else expect(taken).toBe(tokens.length);
        }
      }),
    );
  });

  test("a batch is of one class and session, within its budget but for a single input", () => {
    fc.assert(
      fc.property(story, machines, (rounds, machine) => {
        for (const { plan } of play(rounds, machine).batches) {
          const { takes, priority, tokens } = plan;
          const inputs = takes.flatMap(({ request, from, to }) => request.tokens.slice(from, to));
          expect(inputs.reduce((a, b) => a + b)).toBe(tokens);
          const most = priority === "bulk" ? lane.sliceTokens : lane.budgetTokens;
          if (inputs.length > 1) expect(tokens).toBeLessThanOrEqual(most);
          expect(inputs.length).toBeLessThanOrEqual(policy.maxBatchInputs);
          for (const { request } of takes) {
            expect([request.lane, request.priority]).toEqual([plan.lane, priority]);
            if (request.alone) expect(takes.length).toBe(1);
          }
        }
      }),
    );
  });

  test("a class is served in the order of its arrival, within a session", () => {
    fc.assert(
      fc.property(story, machines, (rounds, machine) => {
        const { all, dropped, batches } = play(
          rounds.map((round) => round.map((r) => ({ ...r, alone: false }))),
          machine,
        );
        const served = batches.flatMap(({ plan }) => plan.takes.map(({ request }) => request));
        for (const lane of ["a", "b"]) {
          for (const priority of ["interactive", "bulk"]) {
            const kind = served.filter((r) => r.lane === lane && r.priority === priority);
            const order = kind.map(({ id }) => id);
            expect(order).toEqual(order.toSorted((x, y) => x - y));
          }
        }
        expect(new Set(served.map(({ id }) => id)).size + dropped.size).toBeGreaterThanOrEqual(
          all.length,
        );
      }),
    );
  });

  test("while both wait, bulk gets its share to within one slice, and queries the rest", () => {
    fc.assert(
      fc.property(story, (rounds) => {
        let [interactive, bulk] = [0, 0];
        const owed = (tokens: number) => (tokens * policy.bulkShare) / (1 - policy.bulkShare);
        const LONGEST = 130;
        for (const { plan, both, afresh } of play(rounds, oneSession).batches) {
          if (afresh) [interactive, bulk] = [0, 0];
          if (!both) {
            [interactive, bulk] = [0, 0];
            continue;
          }
          if (plan.priority === "bulk") bulk += plan.tokens;
          else interactive += plan.tokens;
          // Less than a slice was owed before the last batch of queries added its part.
          expect(bulk).toBeGreaterThanOrEqual(owed(interactive) - LONGEST - owed(LONGEST));
          expect(bulk).toBeLessThanOrEqual(owed(interactive) + 1e-9);
        }
      }),
    );
  });
});
