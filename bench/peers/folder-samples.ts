/**
 * Writes model folders, and beside each its vectors as JSON, for `check_folder.py`: `node bench/peers/folder-samples.ts OUT [FOLDER ...]`. The
 * folders given (MiniLM's, say) are loaded and saved again under their own names.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openEncoder } from "../../src/encoder/index.ts";
import { loadModel, type Role, saveModel } from "../../src/models/index.ts";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";

const [out = ".cache/folder-samples", ...folders] = process.argv.slice(2);
const models = [tinyBert(), tinyStatic(), ...(await Promise.all(folders.map(loadModel)))];
for (const model of models) {
  const folder = join(out, model.name);
  await saveModel(folder, model, { replace: true });
  await using encoder = await openEncoder(folder);
  const rows = async (role: Role) => {
    const { vectors, dims } = await encoder.encode(texts, { role });
    return texts.map((_, i) => Array.from(vectors.subarray(i * dims, (i + 1) * dims)));
  };
  const expected = { texts, document: await rows("document"), query: await rows("query") };
  await writeFile(`${folder}.json`, JSON.stringify(expected));
  console.log(folder);
}
