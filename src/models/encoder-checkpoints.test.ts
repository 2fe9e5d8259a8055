/** Encoders' checkpoints as people have them: with the prefix and the heads of the class that saved them. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenModel } from "../../test/golden.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { matchCheckpoint } from "./checkpoint.ts";
import { listFile } from "./weight-files.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

/** The file's name of each weight that is taken from it. */
async function match(name: string, tensors: ReadonlyMap<string, Tensor>) {
  const { architecture, config } = goldenModel(name);
  const path = join(temporary.path, `${count++}.safetensors`);
  await writeSafetensors(path, tensors);
  const found = await matchCheckpoint(await listFile(path), path, architecture, config);
  return Object.fromEntries([...found].map(([own, { name }]) => [own, name]));
}

const dense = (module: string) => [`${module}.weight`, `${module}.bias`];
const lmHead = ["lm_head.bias", ...dense("lm_head.dense"), ...dense("lm_head.layer_norm")];
const vocab = ["vocab_transform", "vocab_layer_norm", "vocab_projector"].flatMap(dense);
const classifier = [...dense("classifier.dense"), ...dense("classifier.out_proj")];
const modernHead = ["head.dense.weight", "head.norm.weight"];
const cross = "decoder.block.0.layer.1.EncDecAttention.q.weight";

/** As transformers 5.23 saves the classes named (releases before 4.31 also wrote `position_ids`); the last is the Hub's own code. */
test.each<[who: string, name: string, prefix: string, beside: readonly string[]]>([
  ["RobertaForMaskedLM", "roberta", "roberta.", [...lmHead, "roberta.embeddings.position_ids"]],
  ["RobertaForSequenceClassification", "roberta", "roberta.", classifier],
  ["RobertaForQuestionAnswering", "roberta", "roberta.", dense("qa_outputs")],
  ["XLMRobertaForMaskedLM", "xlm-roberta", "roberta.", lmHead],
  ["DistilBertForMaskedLM", "distilbert", "distilbert.", vocab],
  [
    "DistilBertForSequenceClassification",
    "distilbert",
    "distilbert.",
    [...dense("pre_classifier"), ...dense("classifier")],
  ],
  ["DistilBertForQuestionAnswering", "distilbert", "distilbert.", dense("qa_outputs")],
  ["MPNetForMaskedLM", "mpnet", "mpnet.", [...lmHead, "mpnet.embeddings.position_ids"]],
  ["MPNetForSequenceClassification", "mpnet", "mpnet.", classifier],
  ["NomicBertForMaskedLM", "nomic-bert", "nomic_bert.", ["cls.predictions.bias"]],
  ["NomicBertForTokenClassification", "nomic-bert", "nomic_bert.", dense("classifier")],
  ["ModernBertForMaskedLM", "modernbert", "model.", [...modernHead, "decoder.bias"]],
  [
    "ModernBertForSequenceClassification",
    "modernbert",
    "model.",
    [...modernHead, ...dense("classifier")],
  ],
  ["T5ForConditionalGeneration", "t5", "", [cross, "lm_head.weight"]],
  [
    "T5ForSequenceClassification",
    "t5",
    "transformer.",
    [`transformer.${cross}`, ...dense("classification_head.dense")],
  ],
  [
    "NomicBertForPreTraining",
    "nomic-bert",
    "bert.",
    ["cls.predictions.bias", "bert.encoder.layers.0.attn.rotary_emb.inv_freq"],
  ],
])("%s", async (_, name, prefix, beside) => {
  const { checkpoint } = goldenModel(name);
  const all = new Map<string, Tensor>(beside.map((other) => [other, floats([1])]));
  for (const [own, value] of checkpoint) all.set(prefix + own, value);
  const wanted = Object.fromEntries([...checkpoint.keys()].map((own) => [own, prefix + own]));
  expect(await match(name, all)).toEqual(wanted);
});

test.each([
  ["beside shared.weight", true, "shared.weight"],
  ["in its place", false, "encoder.embed_tokens.weight"],
])("T5's embedding by its second name, %s", async (_, beside, taken) => {
  const { checkpoint } = goldenModel("t5");
  const all = new Map(checkpoint);
  all.set("encoder.embed_tokens.weight", checkpoint.get("shared.weight")!);
  if (!beside) all.delete("shared.weight");
  expect(await match("t5", all)).toMatchObject({ "shared.weight": taken });
});

test("T5's embedding twice, and not the same", async () => {
  const { checkpoint } = goldenModel("t5");
  const { shape } = checkpoint.get("shared.weight")!;
  const other = floats(new Float32Array(shape[0] * shape[1]), shape);
  const all = new Map(checkpoint).set("encoder.embed_tokens.weight", other);
  await expect(match("t5", all)).rejects.toMatchObject({ code: "mismatch" });
});
