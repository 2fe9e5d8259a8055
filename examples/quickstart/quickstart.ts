import { hash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import type { CommandSpec, Context } from "../../src/cli/command.ts";
import { encodeAll, prefixSpace } from "../../src/cli/encoding.ts";
import { readMachine } from "../../src/cli/machine.ts";
import { writeReport } from "../../src/cli/report/index.ts";
import { figure, table } from "../../src/cli/table.ts";
import { packageVersion } from "../../src/cli/version.ts";
import { writeFolderDurably } from "../../src/durable.ts";
import { openEncoder } from "../../src/encoder/index.ts";
import { type Model, saveModel } from "../../src/models/index.ts";
import { runtimeVersion } from "../../src/runtime/version.ts";
import { openEmbeddedStore, type StoreHit } from "../../src/stores/index.ts";
import { type ApiPair, type ApiSplit, extractApiPairs } from "./api-pairs.ts";
import { measureQuality, type Quality } from "./quality.ts";
import { examplesOf } from "./report-examples.ts";
import { recipe, type Trained, trainEmbedder } from "./training.ts";

interface Options {
  readonly out: string;
}

/** Asked of the finished index, and printed. */
const SAMPLES = [
  "compress data with gzip",
  "convert a string to lower case",
  "encrypt data with a public key",
] as const;

/** Real data in, a searchable index out, with every figure on the way. */
export const quickstart: CommandSpec<Options> = {
  name: "quickstart",
  summary:
    "Train an embedder on the API docs in node_modules, measure it against BM25, index and search",
  options: [new Option("--out <folder>", "where model, index and report go").default("quickstart")],
  examples: ["npm run quickstart", "npm run --silent quickstart -- --json"],
  run: async (_, { out }, context) => {
    const started = context.now();
    const note = (text: string) => context.report({ type: "note", text });
    note("Reading the documented APIs of typescript and @types/node");
    const split = await extractApiPairs();
    const everything = [...split.train, ...split.dev, ...split.test];
    note(
      `${split.train.length} pairs of description and API to learn from; ${split.dev.length} to tune on and ${split.test.length} to test on are held out`,
    );
    const trained = await trainEmbedder(split, context);
    note("Measuring it against BM25 on the held-out descriptions");
    const { test, train } = split;
    const quality = await measureQuality(trained.model, test, train, everything, recipe.dims);
    const model = { ...trained.model, card: cardOf(trained, split, quality) };
    await saveModel(join(out, "model"), model, { replace: true });
    const answers = await indexAndSearch(out, model, everything, context);
    const figures = {
      ndcg10: quality.rows[0].model.ndcg10.mean,
      recall10: quality.rows[0].model.recall10,
      bm25Ndcg10: quality.rows[0].bm25.ndcg10.mean,
      trainSeconds: trained.seconds,
      totalSeconds: (context.now() - started) / 1000,
      peakMemoryMb: process.resourceUsage().maxRSS / 1000,
    };
    const page = join(out, "report.html");
    await writeReport(page, await reportOf(trained, split, quality, figures));
    const { rows, dimensions } = quality;
    return {
      json: { ...figures, bm25Recall10: rows[0].bm25.recall10, rows, dimensions, out },
      text: describe(out, quality, figures, answers),
    };
  },
};

type Figures = Readonly<
  Record<
    "ndcg10" | "recall10" | "bm25Ndcg10" | "trainSeconds" | "totalSeconds" | "peakMemoryMb",
    number
  >
>;

/** Every API into an index beside the model, and the samples asked of it. */
async function indexAndSearch(
  out: string,
  model: Model,
  apis: readonly ApiPair[],
  context: Context,
): Promise<readonly (readonly StoreHit[])[]> {
  await using encoder = await openEncoder(model);
  const dims = encoder.space.dims;
  const { vectors } = await encodeAll(
    encoder,
    apis.map(({ document }) => document),
    { role: "document", dims, unit: "APIs" },
    context,
  );
  await writeFolderDurably(
    join(out, "index"),
    async (folder) => {
      const notes = { model: "../model" };
      await using store = await openEmbeddedStore(folder, {
        model: prefixSpace(encoder, dims),
        notes,
      });
      const payloads = apis.map(({ document }) => ({ text: document }));
      await store.upsert(
        apis.map(({ id }) => id),
        vectors,
        { payloads },
      );
    },
    { replace: "store.json" },
  );
  await using store = await openEmbeddedStore(join(out, "index"), { access: "read" });
  const asked = await encoder.encode(SAMPLES, { role: "query" });
  return await store.search(asked.vectors, 3);
}

function cardOf({ model }: Trained, split: ApiSplit, { rows }: Quality): Model["card"] {
  const { dims, seed, temperature, ...training } = recipe;
  return {
    ...model.card,
    dims,
    lineage: {
      data: [
        {
          name: "doc comments and declarations of typescript/lib and @types/node",
          rows: split.train.length,
          sha256: hash("sha256", JSON.stringify(split.train)),
          licence: "Apache-2.0, MIT",
        },
      ],
      losses: [`Matryoshka(${dims.join(", ")}) of InfoNCE, symmetric, temperature ${temperature}`],
      seed,
      training,
      versions: {
        nearfold: packageVersion(),
        "onnxruntime-node": runtimeVersion(),
        node: process.versions.node,
      },
      metrics: { "ndcg@10": rows[0].model.ndcg10.mean, "recall@10": rows[0].model.recall10 },
    },
  };
}

async function reportOf(trained: Trained, split: ApiSplit, quality: Quality, figures: Figures) {
  const { cpu } = await readMachine();
  const { dims, ...settings } = recipe;
  const points = trained.evaluations.map(({ step, score }) => ({ step, score }));
  return {
    title: "Find the API by its description",
    description:
      "A static embedder, trained from nothing on the documented APIs of TypeScript's library and Node. No word of an API's name is left in its description.",
    when: new Date(),
    machine: `${availableParallelism()} cores of ${cpu}, Node ${process.versions.node}`,
    quality: quality.rows,
    cost: figures,
    loss: trained.steps,
    evaluations: { measure: `nDCG@10 on ${split.dev.length} dev pairs`, points },
    dimensions: quality.dimensions,
    examples: examplesOf(quality, split.test),
    data: {
      description: "Pairs that share a symbol or a text are on one side.",
      splits: [
        { name: "train", count: split.train.length, note: "tokenizer and embedder" },
        { name: "dev", count: split.dev.length, note: "choice of the best step" },
        { name: "test", count: split.test.length, note: "the figures above" },
      ],
    },
    settings: { dims: dims.join(", "), ...settings },
  };
}

function describe(
  out: string,
  { rows, dimensions }: Quality,
  { trainSeconds, totalSeconds, peakMemoryMb, ndcg10, bm25Ndcg10 }: Figures,
  answers: readonly (readonly StoreHit[])[],
): string {
  const quality = table(
    ["nDCG@10 (95 % interval)", "queries", "the model", "BM25"],
    rows.map(({ name, queries, model, bm25 }) => [
      name,
      `${queries}`,
      figure(model.ndcg10),
      figure(bm25.ndcg10),
    ]),
  );
  const widths = dimensions.map((d) => `${d.ndcg10.mean.toFixed(3)} at ${d.dimensions}`);
  return [
    "",
    quality,
    "",
    `${(ndcg10 / bm25Ndcg10).toFixed(2)} times BM25. By dimensions: ${widths.join(", ")}.`,
    `Training took ${trainSeconds.toFixed(0)} s, everything ${totalSeconds.toFixed(0)} s and ${peakMemoryMb.toFixed(0)} MB at the most.`,
    ...SAMPLES.flatMap((query, i) => [
      "",
      `“${query}”`,
      ...answers[i].map(({ id, score }) => `  ${score.toFixed(3)}  ${id}`),
    ]),
    "",
    `The model is in ${join(out, "model")}, a report to look at in ${join(out, "report.html")}. Next, ask it something yourself:`,
    `  npm run -s nearfold -- search ${join(out, "index")} "parse a date"`,
  ].join("\n");
}
