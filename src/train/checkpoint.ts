/** The state of a run on disk: a killed run goes on from it and ends on the same bytes. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, writeFolderDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { openSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** By it a checkpoint is known. */
export const STATE_FILE = "state.json";
/** Before the names of the best weights so far. */
const BEST = "best.";

/** What a checkpoint holds besides arrays. */
export interface RunState {
  /** Steps done. */
  readonly step: number;
  /** Learning rates of the steps so far. */
  readonly rates: readonly number[];
  /** Seconds that they took. */
  readonly seconds?: number;
  /** Fingerprint of data, settings and model: a checkpoint of another run is refused. */
  readonly run: string;
  readonly best?: { readonly step: number; readonly score: number };
  readonly evaluationsSinceBest: number;
}

export async function saveCheckpoint(
  folder: string,
  state: RunState,
  arrays: ReadonlyMap<string, Tensor>,
  best: ReadonlyMap<string, Tensor>,
): Promise<void> {
  const all = new Map(arrays);
  for (const [name, value] of best) all.set(`${BEST}${name}`, value);
  await writeFolderDurably(
    folder,
    async (temporary) => {
      await writeSafetensors(join(temporary, "state.safetensors"), all);
      await writeFile(join(temporary, STATE_FILE), JSON.stringify(state));
    },
    { replace: STATE_FILE },
  );
}

/**
 * Copies a checkpoint's arrays into the live ones (and those of the best weights so far, saved as `best.NAME`, into `best`), and
 * returns its state; undefined where there is none.
 * @throws mismatch when it is of another run, bad-input when it is damaged
 */
export async function restoreCheckpoint(
  folder: string,
  run: string,
  arrays: ReadonlyMap<string, Tensor>,
  best: ReadonlyMap<string, Tensor>,
): Promise<RunState | undefined> {
  const path = join(folder, STATE_FILE);
  if (!(await exists(path))) return undefined;
  const state = parseState(await readFile(path, "utf8"), path);
  if (state.run !== run) {
    throw new NearfoldError("mismatch", "the checkpoint is of another run", {
      at: folder,
      got: state.run.slice(0, 12),
      wanted: run.slice(0, 12),
      hint: "The data, the model or a setting has changed: remove the checkpoint, or train without resuming",
    });
  }
  await using file = await openSafetensors(join(folder, "state.safetensors"));
  const bests = [...best].map(([name, value]) => [`${BEST}${name}`, value] as const);
  for (const [name, { dtype, shape, data }] of [...arrays, ...(state.best ? bests : [])]) {
    const saved = await file.read(name);
    if (saved.dtype !== dtype || `${saved.shape}` !== `${shape}`) {
      throw new NearfoldError("mismatch", `"${name}" has another shape in the checkpoint`, {
        at: folder,
        got: `${saved.dtype}[${saved.shape}]`,
        wanted: `${dtype}[${shape}]`,
      });
    }
    (data as Float32Array).set(saved.data as Float32Array);
  }
  return state;
}

function parseState(text: string, at: string): RunState {
  try {
    const state = JSON.parse(text) as RunState;
    if (
      Number.isInteger(state.step) &&
      Array.isArray(state.rates) &&
      typeof state.run === "string"
    ) {
      return state;
    }
  } catch {
    // Told below, as for any other damage.
  }
  throw new NearfoldError("bad-input", "the checkpoint is damaged", {
    at,
    got: JSON.stringify(text.slice(0, 60)),
    wanted: "step, rates and run",
    hint: "Remove it and train again",
  });
}
