/** README.md: the model card that the Hub and a person with an editor show. */

import type { Tensor } from "../tensor/tensor.ts";
import { type Head, isNormalized } from "./head.ts";
import type { Card, DataRecord, FittedWeights, Merge, Model } from "./model.ts";

type Typed = Pick<Tensor, "dtype">;

/** Markdown with YAML front matter (https://huggingface.co/docs/hub/model-cards). `card` is the one that is saved. */
export function modelCard(model: Model<Typed>, card: Card): string {
  const { name, architecture, config, head, maxTokens, prompts, formats = new Map() } = model;
  const codes = [...formats.values()].map((format) => format.name);
  const held = new Set([...codes, ...(isHalf(model) ? ["float16"] : [])]);
  const dims = card.dims.join(", ");
  const limit = Number.isFinite(maxTokens) ? `${maxTokens} tokens; longer texts are cut` : "none";
  const facts = [
    `- Dimensions: ${card.dims[0]}${card.dims.length > 1 ? ` (Matryoshka: ${dims})` : ""}`,
    `- Longest text: ${limit}`,
    `- Pooling: ${poolingOf(head)}`,
    `- Compared by: ${card.space.similarity}`,
    `- Vocabulary: ${architecture.vocabSize(config)} tokens`,
    ...(held.size > 0 ? [`- Weights: ${[...held].join(", ")}`] : []),
    ...(card.lineage.base === undefined ? [] : [`- Adapted from: ${inline(card.lineage.base)}`]),
    ...(card.lineage.merged === undefined
      ? []
      : [`- Merged from: ${mixture(card.lineage.merged)}`]),
    ...Object.entries(prompts).flatMap(([role, text]) =>
      text === "" ? [] : [`- Put before a ${role}: \`${inline(text)}\``],
    ),
    `- Space: \`${card.space.id}\``,
    ...(card.fitted === undefined ? [] : [`- ${fittedTo(card.fitted)}`]),
  ];
  return [
    frontMatter(name, card),
    `# ${inline(name)}`,
    "Text in, vectors out: for search, clustering and deduplication. Made with nearfold.",
    facts.join("\n"),
    usage(model),
    ...dataSection(card.lineage.data),
    ...trainingSection(card),
    ...metricsSection(card.lineage.metrics),
  ]
    .join("\n\n")
    .concat("\n");
}

/** "Fitted to the space of `large`: mean cosine 0.95, 80 % of the 10 nearest shared, on 500 texts". */
function fittedTo({ teacher, agreement: { cosine, overlap, texts } }: FittedWeights): string {
  const near = cosine === undefined ? "" : `mean cosine ${cosine.toFixed(3)}, `;
  const shared = `${Math.round(100 * overlap)} % of the 10 nearest shared`;
  return `Fitted to the space of \`${inline(teacher)}\`, whose index it may query: ${near}${shared}, on ${texts} texts`;
}

/** "`a` (60 %) and `b` (40 %), by soup". */
function mixture({ method, models }: Merge): string {
  const parts = models.map(
    ({ name, weight }) => `\`${inline(name)}\` (${+(100 * weight).toFixed(1)} %)`,
  );
  return `${parts.join(" and ")}, by ${inline(method)}`;
}

/** Strings as JSON, which is YAML too. */
function frontMatter(name: string, { lineage }: Card): string {
  const tags = ["sentence-transformers", "feature-extraction", "sentence-similarity"];
  const base = lineage.base !== undefined && /^[\w.-]+\/[\w.-]+$/.test(lineage.base);
  const metrics = Object.entries(lineage.metrics).map(
    ([key, value]) => `    - type: ${JSON.stringify(key)}\n      value: ${value}`,
  );
  return [
    "---",
    "library_name: sentence-transformers",
    "pipeline_tag: sentence-similarity",
    "tags:",
    ...[...tags, "transformers.js", "onnx", "nearfold"].map((tag) => `- ${tag}`),
    ...(base ? [`base_model: ${JSON.stringify(lineage.base)}`] : []),
    ...(metrics.length === 0
      ? []
      : [
          "model-index:",
          `- name: ${JSON.stringify(name)}`,
          "  results:",
          "  - task:",
          "      type: sentence-similarity",
          "    dataset:",
          "      type: unknown",
          "      name: Held out",
          "    metrics:",
          ...metrics,
        ]),
    "---",
  ].join("\n");
}

/** Whether weights of 16 bits are among its own. */
export function isHalf({ weights }: Pick<Model<Typed>, "weights">): boolean {
  return [...weights.values()].some(({ dtype }) => dtype === "float16");
}

function usage(model: Model<Typed>): string {
  const { name, head, prompts, architecture, formats } = model;
  const dtype = formats ? "q8" : isHalf(model) ? "fp16" : "fp32";
  const folder = `./${inline(name)}`;
  const text = JSON.stringify(`${prompts.document}How tall is the Eiffel Tower?`);
  const roles = prompts.query === prompts.document ? [] : ['// For a query: { role: "query" }'];
  const pooling = pipelinePooling(model);
  const js = pooling
    ? [
        'import { pipeline } from "@huggingface/transformers";',
        `const extract = await pipeline("feature-extraction", "${folder}", { dtype: "${dtype}" });`,
        `const vectors = await extract([${text}], { pooling: "${pooling}", normalize: ${isNormalized(head)} });`,
      ]
    : [
        'import { AutoTokenizer, PreTrainedModel } from "@huggingface/transformers";',
        `const tokenizer = await AutoTokenizer.from_pretrained("${folder}");`,
        `const model = await PreTrainedModel.from_pretrained("${folder}", { dtype: "${dtype}" });`,
        `const { sentence_embedding } = await model(tokenizer([${text}], { padding: true, truncation: true }));`,
      ];
  return [
    "## How to use",
    fenced("ts", [
      'import { openEncoder } from "nearfold/encoder";',
      `await using encoder = await openEncoder("${folder}");`,
      'const { vectors } = await encoder.encode(["How tall is the Eiffel Tower?"]);',
      ...roles,
    ]),
    // A graph of somebody else's may give no more than token vectors, or no less than those of texts.
    ...(head.pooling.length === 0
      ? []
      : [
          `With sentence-transformers${formats ? " and compressed-tensors" : ""}${oldestTransformers(model)}:`,
          fenced("python", [
            "from sentence_transformers import SentenceTransformer",
            `model = SentenceTransformer("${folder}"${architecture.imported ? ', backend="onnx"' : ""})`,
            `vectors = model.encode([${text}])`,
          ]),
        ]),
    ...(architecture.imported && !pooling && head.pooling.length > 0
      ? []
      : ["With transformers.js:", fenced("js", js)]),
    ...(head.includePrompt || `${prompts.query}${prompts.document}` === "" ? [] : [PROMPT_NOTE]),
  ].join("\n\n");
}

/** Settings of attention that older releases of transformers do not know: they would hide from a token what follows it, and not say so. */
const attentionSettings = [
  ["is_causal", false, "5.2"],
  ["use_bidirectional_attention", true, "4.56.2"],
] as const;

function oldestTransformers({ configJson }: Pick<Model, "configJson">): string {
  const found = attentionSettings.find(([key, value]) => configJson[key] === value);
  return found
    ? ` on transformers ${found[2]} or newer (older ones read its attention as causal)`
    : "";
}

/** Kinds of model whose class in transformers.js runs two graphs, an encoder's and a decoder's. */
const twoGraphs: readonly unknown[] = ["t5"];

/** The pooling of transformers.js' pipeline, where it computes the same: it knows one mode, and then only unit length. */
export function pipelinePooling({ configJson, head }: Pick<Model, "configJson" | "head">) {
  const { pooling, includePrompt, layers } = head;
  const [mode, ...more] = pooling;
  const isPlain =
    more.length === 0 && includePrompt && layers.every(({ type }) => type === "normalize");
  if (!isPlain || twoGraphs.includes(configJson.model_type)) return undefined;
  return mode === "mean" || mode === "cls" ? mode : undefined;
}

function poolingOf({ pooling, includePrompt, layers }: Head): string {
  const steps = layers.map((layer) => {
    if (layer.type === "normalize") return "normalized to length 1";
    if (layer.type === "layer-norm") return "layer-normalized";
    return `a dense layer to ${layer.out} (${layer.activation})`;
  });
  const tokens = includePrompt ? "" : " of all but the prompt";
  const modes = pooling.length === 0 ? "its graph's own" : pooling.join(" + ");
  return [`${modes}${tokens}`, ...steps].join(", ");
}

/** Of a model that leaves its prompt out of the pooling: a graph of token ids cannot. */
const PROMPT_NOTE =
  "The ONNX graph cannot tell a prompt from a text, so it pools the prompt's tokens too: its vectors of texts after a prompt are not those above.";

function fenced(language: string, lines: readonly string[]): string {
  return ["```".concat(language), ...lines, "```"].join("\n");
}

function dataSection(data: readonly DataRecord[]): string[] {
  if (data.length === 0) return [];
  const rows = data.map(({ name, rows, licence, sha256 }) => [
    name,
    `${rows}`,
    licence ?? "not stated",
    sha256,
  ]);
  return ["## Data", table(["name", "rows", "licence", "SHA-256"], rows)];
}

function trainingSection({ lineage: { losses, seed, training = {}, versions } }: Card): string[] {
  const rows = [
    ...losses.map((loss) => ["loss", loss]),
    ...Object.entries(training).map(([key, value]) => [key, `${value}`]),
    ...(seed === undefined ? [] : [["seed", `${seed}`]]),
    ...Object.entries(versions),
  ];
  return rows.length === 0 ? [] : ["## Training", table(["what", "value"], rows)];
}

function metricsSection(metrics: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(metrics).map(([name, value]) => [name, `${+value.toFixed(4)}`]);
  return rows.length === 0 ? [] : ["## Metrics", table(["metric", "value"], rows)];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)].join("\n");
}

/** Text that stays inside its line and its table cell. */
function inline(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[|`"\\]/g, "\\$&");
}
