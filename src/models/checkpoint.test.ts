import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenModel } from "../../test/golden.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { matchCheckpoint, readWeights } from "./checkpoint.ts";
import type { DecoderConfig } from "./decoder.ts";
import { listFile } from "./weight-files.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

const { architecture, config, checkpoint } = goldenModel("llama");
const [TABLE, HEAD] = ["embed_tokens.weight", "lm_head.weight"];
const table = checkpoint.get(TABLE)!;
const other = floats(new Float32Array(table.data as Float32Array).fill(1, -1), table.shape);

/** The names read from a Llama whose tensors were changed, or the message that refuses them. */
async function read(tiedHead: boolean, change: (all: Map<string, Tensor>) => void) {
  const path = join(temporary.path, `${count++}.safetensors`);
  const all = new Map(checkpoint);
  change(all);
  await writeSafetensors(path, all);
  const files = await listFile(path);
  const asked = { ...(config as DecoderConfig), tiedHead };
  return await readWeights(await matchCheckpoint(files, path, architecture, asked));
}

/** As a language model's folder has its names. */
const prefixed = (all: Map<string, Tensor>) => {
  for (const [name, value] of [...all]) {
    all.delete(name);
    all.set(`model.${name}`, value);
  }
};

test.each<[name: string, tied: boolean, (all: Map<string, Tensor>) => void, head: boolean]>([
  ["a base model", false, () => {}, false],
  ["the names of a language model", false, prefixed, false],
  ["a head of its own", false, (all) => all.set(HEAD, other), true],
  ["a head that repeats the table", true, (all) => all.set(HEAD, table), false],
  [
    "a head that is all there is of the table",
    true,
    (all) => {
      all.set(HEAD, table);
      all.delete(TABLE);
    },
    false,
  ],
  [
    "what old checkpoints hold beside their weights",
    true,
    (all) => {
      all.set("rotary_emb.inv_freq", floats([1, 2]));
      all.set("model.layers.0.self_attn.rotary_emb.inv_freq", floats([1, 2]));
    },
    false,
  ],
])("reads %s", async (_, tied, change, head) => {
  const weights = await read(tied, change);
  const names = head ? [...checkpoint.keys(), HEAD] : [...checkpoint.keys()];
  expect([...weights.keys()].sort()).toEqual(names.sort());
  expect(weights.get(TABLE)!.data).toEqual(table.data);
  if (head) expect(weights.get(HEAD)!.data).toEqual(other.data);
});

test.each<[name: string, (all: Map<string, Tensor>) => void, RegExp]>([
  [
    "a tied head that is not the table",
    (all) => all.set(HEAD, other),
    /ties two weights that differ \(got lm_head\.weight and embed_tokens\.weight\)/,
  ],
  [
    "a tied head of another shape",
    (all) => all.set(HEAD, floats(new Float32Array(32), [1, 32])),
    /ties two weights that differ/,
  ],
  [
    "a bias that config.json does not name",
    (all) => all.set("model.layers.0.self_attn.q_proj.bias", floats(new Float32Array(32))),
    /does not have \(got layers\.0\.self_attn\.q_proj\.bias, wanted the \d+ of its config\.json alone\)/,
  ],
])("refuses %s", async (_, change, message) => {
  await expect(read(true, change)).rejects.toThrow(message);
});
