/**
 * What other tools make of saved folders: `npm run check:folders -- [--out FOLDER] [MODEL-FOLDER ...]`. Saves the models of
 * test/exported-models.ts, the chains of goldens/sentence-transformers and the folders given (MiniLM's, say), asks each tool for their vectors, and
 * prints how far these are from ours. The tools in Python come by bench/peers/setup.sh.
 */
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { oneLine, table } from "../../src/cli/table.ts";
import { openEncoder } from "../../src/encoder/index.ts";
import { loadModel, saveAdapter, saveModel } from "../../src/models/index.ts";
import { type ExportedModel, exportedModels } from "../../test/exported-models.ts";
import { findPython, notInstalled, openPeer } from "../peer.ts";
import { type FolderTool, javaScriptTools, pythonTools, type SavedFolder } from "./folder-tools.ts";

const { values, positionals: folders } = parseArgs({
  options: { out: { type: "string", default: ".cache/folders" } },
  allowPositionals: true,
});
const out = resolve(values.out);
const python = findPython();
await using child = python === undefined ? undefined : openPeer(python, "read_folder.py");
const tools = [...javaScriptTools(), ...(child ? await pythonTools(child) : [])];

const rows: string[][] = [];
for (const [name, make] of samples()) {
  process.stderr.write(`${name}\n`);
  const { adapted } = await save(name, await make());
  const folder = join(out, name);
  await using encoder = await openEncoder(folder);
  const model = await loadModel(folder);
  const saved: SavedFolder = { folder, model, encoder, ...(adapted && { adapted }) };
  for (const tool of tools) rows.push(...(await judge(name, tool, saved)));
}
console.log(table(["model", "tool", "texts", "difference", ""], rows));
if (!child) console.log(notInstalled("Tools in Python"));
process.exitCode = rows.some((row) => row.at(-1) === "FAIL") ? 1 : 0;

function samples(): [name: string, make: () => ExportedModel | Promise<ExportedModel>][] {
  const goldens = new URL("../../test/goldens/sentence-transformers/", import.meta.url);
  // Every chain that can be saved: a Router cannot.
  const chains = ["chain", "dense", "no-prompt", "old", "sharded", "static"];
  const load = (folder: string) => async () => ({ model: await loadModel(folder) });
  return [
    ...Object.entries(exportedModels),
    ...chains.map(
      (chain) => [`golden-${chain}`, load(fileURLToPath(new URL(chain, goldens)))] as const,
    ),
    ...folders.map((folder) => [basename(resolve(folder)), load(folder)] as const),
  ].map(([name, make]) => [name, make]);
}

/** The model's folder, and of an adapted one, that of its base and that of its adapter. */
async function save(name: string, { model, base }: ExportedModel) {
  await saveModel(join(out, name), model, { replace: true });
  if (!base || !model.adapter) return {};
  const adapted = { base: join(out, `${name}-base`), adapter: join(out, `${name}-adapter`) };
  await saveModel(adapted.base, base, { replace: true });
  await saveAdapter(adapted.adapter, model.adapter, { base: adapted.base });
  return { adapted };
}

async function judge(name: string, tool: FolderTool, saved: SavedFolder): Promise<string[][]> {
  const row = (texts: string, figure: string, agrees: boolean) => [
    ...[name, tool.name, texts, oneLine(figure, 100), agrees ? "ok" : "FAIL"],
  ];
  try {
    const verdict = await tool.judge(saved);
    if (!verdict) return [];
    const { texts, figure, agrees } = verdict;
    return [row(texts === 0 ? "" : `${texts}`, figure, agrees)];
  } catch (error) {
    return [row("", (error as Error).message, false)];
  }
}
