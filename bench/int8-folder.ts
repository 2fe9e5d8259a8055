/** all-MiniLM-L6-v2 in int8, in a folder of its own, as a person makes it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { miniLm } from "../test/minilm.ts";
import { nearfold } from "../test/nearfold.ts";
import { shared } from "../test/shared.ts";

/** `await using` removes it. @throws where the command fails */
export async function int8Folder(): Promise<AsyncDisposable & { readonly folder: string }> {
  const home = await mkdtemp(join(tmpdir(), "nearfold-int8-"));
  const folder = join(home, "all-MiniLM-L6-v2");
  const ran = await nearfold([
    ...["quantize", miniLm, "--weights", "int8-static", "--out", folder],
    ...["--data", shared("data/scifact/corpus.jsonl")],
  ]);
  if (ran.code !== 0) throw new Error(ran.err.trim().split("\n").at(-1));
  return { folder, [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) };
}
