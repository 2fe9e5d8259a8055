import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { graphOf, input } from "../graph/node.ts";
import { mul } from "../graph/ops/index.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openWorkerSession } from "./worker-session.ts";

/** Of each thread of this process (proc(5), `stat`, field 19). */
function nicenesses(): number[] {
  const threads = readdirSync("/proc/self/task");
  return threads.map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

test.runIf(process.platform === "linux")(
  "threads of a session in the background yield to those before it",
  async () => {
    const x = input("x", "float32", ["N"]);
    const { bytes } = encodeModel(graphOf({ y: mul(x, x) }));
    const before = nicenesses();
    const base = before[0];
    await using _ = await openWorkerSession(bytes, { background: true, threads: 2 });
    const lower = nicenesses().filter((niceness) => niceness === Math.min(19, base + 6));
    expect(lower.length).toBeGreaterThanOrEqual(2);
    expect(nicenesses().filter((niceness) => niceness === base).length).toBeGreaterThanOrEqual(
      before.length - 1,
    );
  },
);
