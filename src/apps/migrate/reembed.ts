import type { Encoder } from "../../encoder/index.ts";
import type { VectorStore } from "../../stores/index.ts";
import { fillStore, prune } from "../indexing/index.ts";
import { sourceRows } from "./source-rows.ts";

export interface ReembedOptions {
  /** Rows that are written together. @default 1024 */
  readonly windowRows?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (documents: number) => void;
  /** Milliseconds from any beginning. */
  readonly now: () => number;
  /** How long one state of the old index is read. @default 30 minutes */
  readonly passMs?: number;
}

export interface Reembedded {
  readonly encoded: number;
  readonly removed: number;
  readonly truncated: number;
}

/** An hour after a state of a folder's index was replaced its files may go. */
const PASS_MS = 1_800_000;
const WINDOW_ROWS = 1024;

/**
 * Makes an index of another model the same as an old one, which serves meanwhile: what it lacks or what changed is embedded from the texts of the
 * payloads, what the old one no longer holds goes. Stopped and called again it goes on.
 * @param open the old index, in the state that it has then
 * @throws as `fillStore`; unsupported for a row without a text
 */
export async function reembed(
  open: () => Promise<VectorStore>,
  store: VectorStore,
  encoder: Encoder,
  { windowRows = WINDOW_ROWS, passMs = PASS_MS, now, signal, onProgress }: ReembedOptions,
): Promise<Reembedded> {
  let [encoded, truncated] = [0, 0];
  // Each pass goes twice as far as the one before: what it finds done takes time too.
  for (let most = passMs; ; most *= 2) {
    const until = now() + most;
    await using old = await open();
    const ids = new Set<string>();
    let whole = true;
    const rows = async function* () {
      for await (const row of sourceRows(old, (id) => ids.add(id))) {
        yield row;
        if (now() <= until) continue;
        whole = false;
        return;
      }
    };
    const filled = await fillStore(store, encoder, rows(), {
      windowRows,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    encoded += filled.encoded;
    truncated += filled.truncated;
    if (!whole) continue;
    const { removed } = await prune(store, ids);
    return { encoded, removed, truncated };
  }
}
