/** Models changed while they are served: SIGHUP opens each anew, from where it came. */
import type { ModelChanges } from "../serve/index.ts";

/** Listens for SIGHUP until it is disposed of. A second one that comes meanwhile is done after the first. */
export function reloadOnHangup({ reload }: Pick<ModelChanges, "reload">): Disposable {
  const onHangup = () => void reload();
  process.on("SIGHUP", onHangup);
  return { [Symbol.dispose]: () => void process.off("SIGHUP", onHangup) };
}
