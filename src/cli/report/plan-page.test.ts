import fc from "fast-check";
import { expect, test } from "vitest";
import { choose, enumerateCandidates, prune, type Requirements } from "../../plan/index.ts";
import type { PlanMeasured } from "../plan-measure.ts";
import type { PlanOptions } from "../plan-options.ts";
import type { PlanResult } from "../plan-result.ts";
import { freePlace } from "./plan-labels.ts";
import { renderPlan } from "./plan-page.ts";
import { planPicture } from "./plan-picture.ts";

const { candidates } = enumerateCandidates(
  { layers: 6, dims: [384], isStatic: false },
  { arch: "x64", vnni: true },
);
const workload = {
  linearWeights: 1e7,
  queryTokens: 20,
  documentTokens: 200,
  speed: () => Number.POSITIVE_INFINITY,
};

/** Figures that follow from what a candidate is, as if they had been measured. */
function measured(candidate: (typeof candidates)[number]): PlanMeasured {
  const { body, weights } = candidate.backbone;
  const kept = 1 - 0.1 * (1 - body.share) - 5 / (candidate.bytes + 50);
  const interval = { mean: kept, low: kept - 0.02, high: kept + 0.02, atMost: kept + 0.015 };
  const ms = (0.3 + 3 * body.share) / (weights.quantize ? 2 : 1);
  return {
    candidate,
    kept,
    quality: { kept: interval, measures: { "ndcg@10": { ours: interval, kept: interval } } },
    score: { ndcg: [kept], searchMs: 1 },
    ...{ queryP50Ms: ms, queryP95Ms: 1.5 * ms, memoryMb: 30 + 20 * body.share, runs: 300 },
    ...{ processMb: 150, documentsProcessMb: 300, documentsPerSecond: 100 / ms },
    ...{ costPerMillion: ms, bytesPerVector: candidate.bytes, searchMs: candidate.bytes / 100 },
    folder: "work",
  };
}

function result(requirements: Requirements, reference = "my-model/"): PlanResult {
  const { kept, pruned } = prune(candidates, requirements, workload);
  const all = kept.map(measured);
  const { chosen, front, lost } = choose(all, requirements, { tied: () => false });
  const set = {
    documents: new Map([["d", "x"]]),
    queries: new Map([["q", "x"]]),
    qrels: new Map(),
  };
  const machine = { cpu: "AMD <EPYC>", cores: { allowed: 2 } };
  return {
    inputs: { reference, evaluation: { set }, machine } as unknown as PlanResult["inputs"],
    ...{ requirements, candidates: candidates.length, when: new Date(0) },
    ...{ pruned, leftOut: [{ what: "weights in float16", why: "on x86 it only adds casts" }] },
    ...{ measured: all, front, lost, chosen },
    ...(all[0] && { reference: all[0] }),
    commands: ["nearfold distill a --out b"],
  };
}

const options = { out: "plan", pricePerHour: 0.1 } as PlanOptions;
const count = (text: string, part: string) => text.split(part).length - 1;

test("every candidate is a dot in both panels with its figures to point at, the choice has a ring", () => {
  const of = result({ keepQuality: 0.9, queryP95Ms: 3, bytesPerVector: 400 });
  const picture = `${planPicture(of)}`;
  const [low] = [0.7];
  const seen = of.measured.filter(({ kept }) => kept >= low).length;
  expect(count(picture, '<g class="plan-mark front')).toBe(2 * of.front.length);
  expect(count(picture, "bytes a vector")).toBe(2 * seen);
  expect(count(picture, 'class="plan-ring')).toBe(2);
  for (const text of ["at most 3 ms", "at most 400 bytes", "at least 0.9"]) {
    expect(picture).toContain(text);
  }
  expect(count(picture, 'class="plan-limit"')).toBe(4);
});

test.each([
  ["nothing", {}],
  ["what nothing meets", { keepQuality: 1, bytesPerVector: 60 }],
  ["one thing", { bytesPerVector: 48 }],
  ["what rules out all", { bytesPerVector: 1 }],
])("required %s, the page is whole", (_, requirements) => {
  const of = result(requirements);
  const page = renderPlan(of, options);
  expect(page).not.toMatch(/NaN|Infinity|undefined|<script/u);
  expect(page).toContain("on x86 it only adds casts");
  expect(page.includes("Nothing meets what is required")).toBe(of.chosen === undefined);
  for (const { why } of of.lost) expect(page).toContain(why.replaceAll("'", "&#39;"));
});

test("a name is text, whatever it holds", () => {
  const page = renderPlan(result({}, "<script>alert(1)</script>"), options);
  expect(page).not.toContain("<script");
  expect(page).toContain("AMD &lt;EPYC&gt;");
});

test("names beside points do not cover each other", () => {
  const point = fc.record({
    x: fc.integer({ min: 0, max: 400 }),
    y: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 6 }), (points) => {
      const placed: ReturnType<typeof freePlace>[] = [];
      for (const each of points) {
        placed.push(freePlace(each, "3 of 6 layers", placed, { left: 0, right: 400 }));
      }
      for (const [i, a] of placed.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.x + a.width).toBeLessThanOrEqual(400.5);
        for (const b of placed.slice(0, i)) {
          const apart = Math.abs(a.y - b.y) >= 16 || a.x + a.width < b.x || b.x + b.width < a.x;
          expect(apart).toBe(true);
        }
      }
    }),
  );
});
