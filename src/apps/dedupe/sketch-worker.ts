/** The other end of `openSketchers`. */
import { answerCalls } from "../../worker-calls.ts";
import { type SketchOptions, sketcher } from "./sketch.ts";
import { packSketches, type SketchedPart } from "./sketchers.ts";

await answerCalls<SketchOptions, true, readonly string[], SketchedPart>(async (options) => {
  const sketch = sketcher(options);
  return {
    ready: true,
    answer: async (texts) => packSketches(texts.map(sketch), options),
    transfer: ({ keys, shingles, words, lengths }) =>
      [keys, shingles, words, lengths].map(({ buffer }) => buffer as ArrayBuffer),
  };
});
