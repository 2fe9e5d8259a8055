import { describe, expect, test } from "vitest";
import { type Finding, toResult, toTable } from "./result.ts";

const timing = { unit: "ms", better: "lower", targets: [1.5] } as const;
const two = { ...timing, targets: [1.5, 2] };

describe("a result", () => {
  test("has the fields of the JSON object, with medians and the wider spread", () => {
    const finding = {
      ours: [90, 100, 110],
      peers: [{ name: "PyTorch 2.15", figures: [200, 200, 200] }],
      details: { tokens: 2048, mode: "fused" },
    };
    expect(toResult("train-step", timing, finding, 176.54321)).toEqual({
      name: "train-step",
      unit: "ms",
      better: "lower",
      ours: 100,
      peerName: "PyTorch 2.15",
      peer: 200,
      ratio: 2,
      runs: 3,
      spread: 0.1,
      met: true,
      gemmGflops: 176.5,
      details: { tokens: 2048, mode: "fused" },
    });
  });

  test("says null where there is no peer", () => {
    const { peer, peerName, ratio } = toResult("step-overhead", timing, { ours: [1] }, 1);
    expect({ peer, peerName, ratio }).toEqual({ peer: null, peerName: null, ratio: null });
  });

  test("names a peer that is not installed", () => {
    const name = "PyTorch 2.15 (not installed: bench/peers/setup.sh)";
    const { peer, peerName, ratio } = toResult("x", timing, { ours: [1], peers: [{ name }] }, 1);
    expect({ peer, peerName, ratio }).toEqual({ peer: null, peerName: name, ratio: null });
  });

  test("puts further peers beside", () => {
    const peers = [
      { name: "float32", figures: [300] },
      { name: "bfloat16", figures: [150] },
    ];
    const { ratio, also } = toResult("x", two, { ours: [100], peers }, 1);
    expect(ratio).toBe(3);
    expect(also).toEqual([{ peerName: "bfloat16", peer: 150, ratio: 1.5 }]);
  });
});

describe("a target", () => {
  const against = (...figures: (number | undefined)[]): Finding => ({
    ours: [100],
    peers: figures.map((figure, i) => ({ name: `${i}`, ...(figure && { figures: [figure] }) })),
  });
  test.each([
    { of: timing, finding: against(150), met: true, why: "ratio reached" },
    { of: timing, finding: against(149), met: false, why: "ratio not reached" },
    { of: timing, finding: against(undefined), met: null, why: "peer not installed" },
    { of: two, finding: against(150, 200), met: true, why: "both ratios reached" },
    { of: two, finding: against(150, 199), met: false, why: "second ratio not reached" },
    { of: two, finding: against(149, undefined), met: false, why: "missed, whatever the other is" },
    { of: timing, finding: { ours: [1.5] }, met: true, why: "without a peer: ours at most" },
    { of: timing, finding: { ours: [1.6] }, met: false, why: "without a peer: ours above" },
  ])("$why: $met", ({ of, finding, met }) => {
    expect(toResult("x", of, finding, 1).met).toBe(met);
  });
});

test("the table has a line for each comparison", () => {
  const peers = [{ name: "PyTorch float32", figures: [300] }, { name: "PyTorch bfloat16" }];
  const table = toTable([toResult("train-step", two, { ours: [100], peers }, 180)]);
  expect(table.split("\n").map((line) => line.split(/ {2,}/u))).toEqual([
    ["name", "ours", "peer", "ratio", "target", "spread", "GFLOP/s", "peer's name"],
    ["train-step", "100 ms", "300 ms", "3 ×", "open", "0 %", "180", "PyTorch float32"],
    ["", "PyTorch bfloat16"],
  ]);
});
