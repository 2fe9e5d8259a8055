/** The child's end of `askChild`: one operation, then the end. */
import { NearfoldError } from "../errors.ts";
import type { ChildCall, ChildReply } from "./child.ts";
import type { ChildProgress } from "./child-progress.ts";

const say = (reply: ChildReply) => process.send?.(reply);

// Whoever asked is gone: nobody waits for the answer.
process.once("disconnect", () => process.exit());
process.once("message", async ({ op, request }: ChildCall) => {
  const report = (progress: ChildProgress) => say({ progress });
  try {
    // One of the two alone: what a process holds is measured.
    const result =
      op === "measure"
        ? await (await import("./measure-model.ts")).measureModel(request as never, report)
        : await (await import("./score-vectors.ts")).scoreVectors(request as never, report);
    say({ result });
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    say({ failure: { message, ...(error instanceof NearfoldError && { code: error.code }) } });
  }
});
