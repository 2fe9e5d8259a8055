import { readWords, wordPieceOf } from "../corpus.ts";
import { median, timed } from "../measure.ts";
import { startOrtClock } from "../ort-clock.ts";
import type { Measurement } from "../result.ts";
import { benchModel, openTraining, plainSteps, toPairs } from "../training.ts";
import { config } from "../workload.ts";

const STEPS = 12;
const PAIRS = 16;
const TOKENS = 64;

/** The trainer as it is by default, clipping included, on English text; every text is tokenized once, in its own step's time. */
export const stepOverhead: Measurement = {
  about:
    "share of a training step outside ONNX Runtime: tokenizing, packing, clipping, AdamW, copies",
  unit: "%",
  better: "lower",
  targets: [12],
  async run() {
    const words = await readWords(2 * PAIRS * STEPS * TOKENS);
    const tokenizer = wordPieceOf(words, config.vocabSize);
    const texts = Array.from({ length: 2 * PAIRS * STEPS }, (_, i) =>
      words.slice(i * TOKENS, (i + 1) * TOKENS).join(" "),
    );
    const tokenizing = await timed(() => {
      for (const text of texts) tokenizer.encode(text, { maxLength: TOKENS });
    });
    const tokenizeMs = tokenizing.ms / STEPS;
    using clock = startOrtClock();
    await using training = openTraining(
      benchModel({ tokenizer, maxTokens: TOKENS }),
      toPairs(texts),
      { ...plainSteps, batchSize: PAIRS, clip: 1 },
    );
    const [steps, insides]: [number[], number[]] = [[], []];
    for (let step = 0; step < STEPS; step++) {
      const before = clock.ms;
      const { ms } = await training.step();
      steps.push(ms + tokenizeMs);
      insides.push(clock.ms - before);
    }
    return {
      ours: steps.map((ms, step) => (100 * (ms - insides[step])) / ms),
      details: {
        stepMs: median(steps),
        insideOnnxRuntimeMs: median(insides),
        tokenizeMs,
        otherMs: median(steps.map((ms, step) => ms - insides[step] - tokenizeMs)),
      },
    };
  },
};
