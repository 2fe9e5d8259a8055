import { expect, test } from "vitest";
import { latenciesOf } from "../serve/index.ts";
import { loadChart } from "./load-chart.ts";
import { loadTable, type MeasuredLoad } from "./load-table.ts";

const some = {
  ...{ seconds: 10, failed: 0, answeredPerSecond: 19.96, senderCores: 0.1234 },
  latencies: latenciesOf([1, 2, 3, 40]),
  refused: latenciesOf([]),
};
const open: MeasuredLoad = { ...some, perSecond: 20, lateMs: 1.26 };
const closed: MeasuredLoad = { ...some, clients: 32, refused: latenciesOf([4, 5]), failed: 1 };

const cells = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

test("a load is a row; of what no load has there is no column", () => {
  expect(cells(loadTable([open]))).toEqual([
    [
      ...["load", "answered/s", "p50 ms", "p95", "p99", "max", "refused", "failed"],
      ...["sender's cores", "late ms"],
    ],
    ["20/s", "20.0", "2.0", "40.0", "40.0", "40.0", "0", "0", "0.12", "1.3"],
  ]);
});

test("refusals have times of their own, and the server its memory", () => {
  const measured = { ...closed, serverMb: { before: 250.4, after: 260.6 } };
  expect(cells(loadTable([measured]))[1]).toEqual([
    ...["32 clients", "20.0", "2.0", "40.0", "40.0", "40.0", "2", "5.0", "1"],
    ...["0.12", "250 to 261"],
  ]);
});

test.each<[string, readonly MeasuredLoad[], points: number, axis: string]>([
  ["queries that come", [open, { ...open, perSecond: 40 }], 6, "queries a second"],
  ["clients", [closed, { ...closed, clients: 1 }], 6, ">clients<"],
  ["both: the clients have no place", [open, closed], 3, "queries a second"],
  ["none that was answered", [{ ...open, latencies: latenciesOf([]) }], 0, "queries a second"],
])("a chart of %s", (_, results, points, axis) => {
  const svg = loadChart(results);
  expect(svg.match(/<circle/g)?.length ?? 0).toBe(points);
  expect(svg).toContain(axis);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test("points go from left to right, whatever came first", () => {
  const svg = loadChart([{ ...open, perSecond: 40 }, open]);
  const places = [...svg.matchAll(/cx="(?<x>[\d.]+)"/g)].map(({ groups }) => Number(groups!.x));
  expect(places.slice(0, 2)).toEqual(places.slice(0, 2).toSorted((a, b) => a - b));
});
