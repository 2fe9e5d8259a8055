import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeDurably, writeFolderDurably } from "../durable.ts";
import { bug, NearfoldError } from "../errors.ts";
import { asRead } from "../nn/quantized-weights.ts";
import { saveModel as saveOnnx, saveWithWeights } from "../onnx/file.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { CARD_FILE, parseCard } from "./card.ts";
import { weightShapes } from "./checkpoint.ts";
import { exportGraph } from "./export.ts";
import { spaceOf } from "./fingerprint.ts";
import { type JsonObject, toJson } from "./json-file.ts";
import { type Card, type Model, requireOneTower } from "./model.ts";
import { isHalf, modelCard } from "./model-card.ts";
import { saveAdapter } from "./peft.ts";
import { QUANTIZATION, writeFormats } from "./quantization.ts";
import { architectureOf } from "./registry.ts";
import { moduleFiles, weightsByFolder } from "./sentence-transformers.ts";
import { specialTokenCount, tokenizerConfigJson, tokenizerJson } from "./tokenizer-files.ts";
import { WEIGHTS_FILE } from "./weight-files.ts";

/** Where a model that came by adapters keeps them, for PEFT; its own weights hold them already. */
const ADAPTER_FOLDER = "adapter";

export interface SaveModelOptions {
  /** Put it in the place of another model that nearfold saved. Nothing else is ever replaced. @default false */
  readonly replace?: boolean;
}

/**
 * Writes a model's folder, which nearfold, sentence-transformers (2.0 and newer) and transformers.js read; `card.space` and
 * `card.prompts` are brought up to date. Under its final name the folder is complete.
 * @returns the card that was written
 * @throws exists; bad-argument or unsupported for a model that the folder can't express; io
 */
export async function saveModel(
  folder: string,
  model: Model<Tensor>,
  { replace = false }: SaveModelOptions = {},
): Promise<Card> {
  requireSavable(model);
  const card = cardOf(model);
  const { tokenizer, maxTokens, configJson, formats } = model;
  await writeFolderDurably(
    folder,
    async (temporary) => {
      const files: Record<string, string> = {
        // An imported graph may have come without one.
        ...(Object.keys(configJson).length > 0 && {
          "config.json": toJson({
            ...asFloat32(configJson),
            ...(formats && { [QUANTIZATION]: writeFormats(formats) }),
          }),
        }),
        "tokenizer.json": tokenizerJson(tokenizer, maxTokens),
        "tokenizer_config.json": tokenizerConfigJson(tokenizer, maxTokens),
        [CARD_FILE]: toJson(card),
        "README.md": modelCard(model, card),
      };
      for (const [name, json] of Object.entries(moduleFiles(model))) files[name] = toJson(json);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        await writeDurably(join(temporary, name), text);
      }
      for (const [home, own] of weightsByFolder(model)) {
        // Those of an imported graph are in its file.
        if (home === "" && model.architecture.imported) continue;
        const path = join(temporary, home, WEIGHTS_FILE);
        await writeSafetensors(path, own, { metadata: { format: "pt" } });
      }
      if (model.adapter) {
        const { base = model.name } = card.lineage;
        await saveAdapter(join(temporary, ADAPTER_FOLDER), model.adapter, { base });
      }
      await mkdir(join(temporary, "onnx"));
      await writeGraph(join(temporary, "onnx"), model);
    },
    replace ? { replace: CARD_FILE } : {},
  );
  return card;
}

/** The model as other programs take it: its graph, or the file that it was imported from with the weights that it has now. */
async function writeGraph(folder: string, model: Model<Tensor>): Promise<void> {
  const { architecture, config, head, weights, formats } = model;
  const { imported } = architecture;
  // transformers.js' names for its dtypes.
  const path = join(folder, isHalf(model) ? "model_fp16.onnx" : "model.onnx");
  if (imported) {
    return await saveWithWeights(
      path,
      imported.source,
      new Map([...imported.constants, ...weights]),
    );
  }
  if (!formats) return await saveOnnx(path, exportGraph(model), { weights });
  const shapes = weightShapes(architecture, config, head);
  const read = asRead(weights, formats, (name) => shapes.get(name)!);
  await saveOnnx(join(folder, "model_quantized.onnx"), exportGraph(model), { weights: read });
}

/** Weights of 16 bits were widened: readers who take them as the config says would narrow them again. */
function asFloat32(json: JsonObject): JsonObject {
  const keys = ["dtype", "torch_dtype"].filter((key) => key in json);
  return { ...json, ...Object.fromEntries(keys.map((key) => [key, "float32"])) };
}

function cardOf(model: Model<Tensor>): Card {
  const { card, prompts } = model;
  const whole: Card = { ...card, prompts, space: spaceOf(model) };
  // What could not be read back must not be written: a metric that is NaN, dims that are not the model's.
  return parseCard(JSON.parse(JSON.stringify(whole)) as JsonObject, `the card of ${model.name}`);
}

/** @throws bad-argument or unsupported for what the readers of its folder would compute otherwise */
export function requireSavable(model: Model<unknown>): void {
  requireOneTower(model, "saved");
  const { name, architecture, configJson, head, tokenizer } = model;
  if (architecture.imported) return;
  if (architectureOf(configJson.model_type, name) !== architecture) {
    throw bug("config.json is of another architecture", { at: name });
  }
  if (architecture.module !== "StaticEmbedding") return;
  if (`${head.pooling}` !== "mean" || !head.includePrompt) {
    const got = `${head.pooling.join(" + ")}${head.includePrompt ? "" : " without the prompt"}`;
    const wanted = "mean";
    const what = "a static embedder's other readers know one pooling";
    throw new NearfoldError("unsupported", what, { at: name, got, wanted });
  }
  if (specialTokenCount(tokenizer) > 0) {
    throw new NearfoldError("bad-argument", "a static embedder's texts have no special tokens", {
      at: name,
      hint: "Use a tokenizer whose post_processor is null",
    });
  }
}
