/**
 * Writes model folders, and beside each its vectors as JSON, for `check_folder.py`: `node bench/peers/folder-samples.ts OUT [FOLDER ...]`. The
 * folders given (MiniLM's, say) are loaded and saved again under their own names, and so are those of goldens/sentence-transformers.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEncoder } from "../../src/encoder/index.ts";
import { loadModel, type Role, saveModel } from "../../src/models/index.ts";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";

const [out = ".cache/folder-samples", ...folders] = process.argv.slice(2);
/** Every chain that can be saved: a Router cannot. */
const chains = ["chain", "dense", "no-prompt", "old", "sharded", "static"].map((name) =>
  fileURLToPath(new URL(`../../test/goldens/sentence-transformers/${name}`, import.meta.url)),
);
const models = [tinyBert(), tinyStatic()];
for (const folder of [...chains, ...folders]) models.push(await loadModel(folder));
for (const model of models) {
  const folder = join(out, model.name);
  await saveModel(folder, model, { replace: true });
  await using encoder = await openEncoder(folder);
  // A text without tokens has the vector 0 here, and what a dense layer makes of 0 there.
  const isDense = model.head.layers.some(({ type }) => type === "dense");
  const asked = texts.filter((text) => text !== "" || !isDense);
  const rows = async (role: Role) => {
    const { vectors, dims } = await encoder.encode(asked, { role });
    return asked.map((_, i) => Array.from(vectors.subarray(i * dims, (i + 1) * dims)));
  };
  const expected = { texts: asked, document: await rows("document"), query: await rows("query") };
  await writeFile(`${folder}.json`, JSON.stringify(expected));
  console.log(folder);
}
