import { describe, expect, it } from "vitest";
import {
  chooseReporter,
  formatSeconds,
  type ProgressEvent,
  type ReporterName,
  reporters,
  trackTask,
} from "./progress.ts";

/** Shows a task of ten steps, one a second, the way `name` does. */
function show(name: ReporterName, isTTY = false): string {
  let time = 0;
  let text = "";
  const output = {
    write: (part: string) => {
      text += part;
    },
    isTTY,
    columns: 100,
  };
  using reporter = reporters[name](output, () => time);
  reporter.report({ type: "note", text: "reading", data: { type: "read", rows: 3 } });
  const advance = trackTask(
    reporter.report,
    { task: "training", unit: "steps", total: 10 },
    () => time,
  );
  for (let step = 1; step <= 10; step++) {
    time += 1000;
    advance(step, `loss ${step}`);
  }
  return text;
}

describe("one stream of events", () => {
  it("as lines: the first, one every five seconds, the last", () => {
    expect(show("lines").split("\n")).toEqual([
      "reading",
      "training: 1/10 steps, 9 s left, loss 1",
      "training: 6/10 steps, 4 s left, loss 6",
      "training: 10/10 steps, loss 10",
      "",
    ]);
  });

  it("as JSON lines: data stands among the fields", () => {
    const rows = show("json")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows[0]).toEqual({ type: "read", text: "reading", rows: 3 });
    expect(rows).toHaveLength(11);
    expect(rows.at(-1)).toEqual({
      type: "progress",
      task: "training",
      unit: "steps",
      done: 10,
      total: 10,
      secondsLeft: 0,
      figure: "loss 10",
    });
  });

  it("as a bar, which ends full and with a line end", () => {
    const text = show("bar", true);
    expect(text).toMatch(/^reading\n/);
    expect(text).toContain("10/10 steps");
    expect(text).toContain("█".repeat(24));
    expect(text.endsWith("\n") || text.endsWith("\u001b[?25h")).toBe(true);
  });
});

it("a task that reports nothing new is not printed again", () => {
  const lines: string[] = [];
  using reporter = reporters.lines({ write: (text) => lines.push(text) }, () => 0);
  const event: ProgressEvent = {
    type: "progress",
    ...{ task: "a", unit: "b", done: 1, total: 2, secondsLeft: 1 },
  };
  for (let i = 0; i < 100; i++) reporter.report(event);
  expect(lines).toHaveLength(1);
});

it.each([
  [true, false, "bar"],
  [false, false, "lines"],
  [true, true, "json"],
] as const)("a terminal: %s, --json: %s: shown as %s", (isTTY, json, name) => {
  expect(chooseReporter({ write: () => {}, isTTY }, json)).toBe(name);
});

it.each([
  [-1, "0 s"],
  [59.4, "59 s"],
  [185, "3 min 5 s"],
  [7800, "2 h 10 min"],
])("%s seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
