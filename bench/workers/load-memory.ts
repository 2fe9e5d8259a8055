/** One run of the measurement `load-memory`: what this process holds before and after it opens a model's folder. */
import { openEncoder } from "../../src/encoder/index.ts";
import { peakMemoryMb } from "../../src/plan/peak-memory.ts";
import { tinyStatic } from "../../test/tiny-models.ts";
import { serve } from "../child.ts";

const residentMb = () => process.memoryUsage.rss() / 1e6;

const opened = new AsyncDisposableStack();

await serve({
  load: async ({ folder }: { folder: string }) => {
    // Code and libraries are here already: a small model has run.
    await using small = await openEncoder(tinyStatic());
    await small.encode(["a query"]);
    const beforeMb = residentMb();
    const encoder = opened.use(await openEncoder(folder));
    await encoder.encode(["a query"]);
    return { beforeMb, residentMb: residentMb(), peakMb: peakMemoryMb() };
  },
});
await opened.disposeAsync();
