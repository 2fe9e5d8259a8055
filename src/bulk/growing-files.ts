import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import { GrowingFile } from "./growing-file.ts";
import type { SinkState } from "./sink.ts";

/** Growing files of one folder, whose state is how many bytes of each count. */
export interface GrowingFiles<Name extends string> extends AsyncDisposable {
  readonly files: Readonly<Record<Name, GrowingFile>>;
  state(): Promise<SinkState>;
  sync(): Promise<void>;
}

/** @throws bad-input where less is there than the state says; io */
export async function openGrowingFiles<const Name extends string>(
  folder: string,
  names: readonly Name[],
  state: SinkState = {},
): Promise<GrowingFiles<Name>> {
  await using stack = new AsyncDisposableStack();
  const files = {} as Record<Name, GrowingFile>;
  for (const name of names) {
    files[name] = stack.use(
      await GrowingFile.open(join(folder, name), bytesOf(state, name, folder)),
    );
  }
  const opened = stack.move();
  return {
    files,
    state: async () => Object.fromEntries(names.map((name) => [name, files[name].bytes])),
    sync: async () => {
      for (const name of names) await files[name].sync();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function bytesOf(state: SinkState, name: string, folder: string): number {
  const bytes = state[name] ?? 0;
  if (Number.isSafeInteger(bytes) && (bytes as number) >= 0) return bytes as number;
  const [got, wanted] = [String(bytes), `bytes of ${name}`];
  throw new NearfoldError("bad-input", "not the state of a run", { at: folder, got, wanted });
}
