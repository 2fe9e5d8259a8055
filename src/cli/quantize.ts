import { loadModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import type { WeightFormat } from "../nn/weight-format.ts";
import { parseWeightFormat } from "../nn/weight-formats.ts";
import { layerMoments, type Moments, quantizable, quantizeGuarded } from "../quantize/index.ts";
import type { CommandSpec, Context } from "./command.ts";
import { readDistillationData } from "./distillation-data.ts";
import { fastestFormat } from "./fastest-format.ts";
import { chooseLayerFormats } from "./layer-choices.ts";
import { readMachine } from "./machine.ts";
import { modelArgument, modelFolder, modelName } from "./model-reference.ts";
import { requireFree } from "./output.ts";
import { trackTask } from "./progress.ts";
import { type QuantizeOptions, quantizeOptions } from "./quantization-options.ts";
import { agreementOn, quantizationOutcome, quantizedCard } from "./quantization-result.ts";
import { chosenFormats, DEFAULT_TABLES } from "./weight-options.ts";

/** Which texts are held out. */
const SEED = 42;

/** A model in, the same model with weights as codes out. */
export const quantize: CommandSpec<QuantizeOptions> = {
  name: "quantize",
  summary: "Hold a model's weights as integers: a quarter of the memory, and faster",
  arguments: [["<model>", modelArgument]],
  options: quantizeOptions,
  examples: [
    "nearfold quantize model/ --data corpus.jsonl --out model-int8/",
    "nearfold quantize model/ --data corpus.jsonl --weights int4-block32 --agreement 0.98 --out model-int4/",
    "nearfold quantize model/ --data corpus.jsonl --weights float16 --out model-fp16/",
  ],
  run: async ([reference], options, context) => {
    const { out, data } = options;
    await requireFree(out, options);
    const asked = await chooseFormats(options, context);
    const { texts, heldOut } = await readDistillationData(
      { ...options, data: [data], sentences: 0, seed: SEED },
      // The prompt of documents is put before all.
      { prompts: { query: "", document: "" } },
      context,
    );
    const folder = await modelFolder(reference, options, context);
    const model = await loadModel(folder);
    const { layers } = quantizable(model);
    const whole = chosenFormats(model, asked.layers.name, asked.tables);
    const formats = chooseLayerFormats(whole, layers, options.layers ?? []);
    const some = spread(texts, options.texts).map(({ text }) => text);
    const moments = await momentsFor(model, formats, some, context);
    const advance = trackTask(
      context.report,
      { task: "judging", unit: "layers", total: formats.size },
      context.now,
    );
    const guarded = await quantizeGuarded(model, formats, {
      texts: some,
      agreement: options.agreement,
      finer: (format) => (format === asked.layers ? asked.finer : []),
      moments,
      signal: context.signal,
      onProgress: ({ done }) => advance(done),
    });
    const origin = { name: await modelName(folder), space: model.card.space };
    const agreement = await agreementOn(heldOut, { model, quantized: guarded.model });
    const weights = asked.layers.name;
    const result = { guarded, origin, agreement, weights, tables: asked.tables, options };
    const card = quantizedCard(model, result);
    await saveModel(out, { ...guarded.model, card }, { replace: options.replace ?? false });
    return quantizationOutcome(result, { float: model, texts: some.length });
  },
};

interface Asked {
  readonly layers: WeightFormat;
  readonly tables: string;
  /** What layers get that cost too much. */
  readonly finer: readonly WeightFormat[];
}

/** What was asked for, and else what suits this machine. @throws bad-argument for an unknown format */
async function chooseFormats(
  { weights, tables, finer }: QuantizeOptions,
  { report }: Context,
): Promise<Asked> {
  const { name, why } = fastestFormat(await readMachine());
  if (weights === "auto") {
    report({ type: "note", text: `${name}: ${why}`, data: { type: "weights", weights: name } });
  }
  const layers = parseWeightFormat(weights === "auto" ? name : weights);
  const others = finer ?? (layers.name.startsWith("int4") ? [name] : []);
  return {
    layers,
    tables: tables ?? (layers.isFloat ? layers.name : DEFAULT_TABLES),
    finer: others.map(parseWeightFormat),
  };
}

/** Of the layers whose format rounds by what they read. */
async function momentsFor(
  model: Model,
  formats: ReadonlyMap<string, WeightFormat>,
  texts: readonly string[],
  { report, now, signal }: Context,
): Promise<Moments> {
  const layers = [...formats].filter(([, { byMoments }]) => byMoments).map(([weight]) => weight);
  if (layers.length === 0) return new Map();
  let advance: ReturnType<typeof trackTask> | undefined;
  return await layerMoments(model, texts, {
    layers,
    signal,
    onProgress: ({ done, total }) => {
      advance ??= trackTask(report, { task: "calibrating", unit: "batches", total }, now);
      advance(done);
    },
  });
}

/** So many of all, at equal distances. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
}
