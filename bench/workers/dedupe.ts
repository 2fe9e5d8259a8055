/** One run of the measurement `dedupe-million`, in a process of its own: what it prints, and the most memory that it held. */
import { run } from "../../src/cli/run.ts";
import { peakMemoryMb } from "../../src/plan/peak-memory.ts";
import { serve } from "../child.ts";

await serve({
  run: async ({ argv }: { argv: string[] }) => {
    let out = "";
    const code = await run(argv, {
      stdout: {
        write: (part) => {
          out += part;
        },
      },
      stderr: process.stderr,
      signal: new AbortController().signal,
      now: () => performance.now(),
    });
    if (code !== 0) throw new Error(`nearfold ${argv.join(" ")} ended with ${code}`);
    return { out, peakMb: peakMemoryMb() };
  },
});
