/** Models changed while they are served: SIGHUP opens each anew, from what lies in its folder now. */
import type { ServedModel, Service } from "../serve/index.ts";
import { describeSpace } from "../space.ts";
import type { Report } from "./progress.ts";

export interface ReloadOptions {
  readonly service: Service;
  /** Opens the model that was typed. */
  readonly open: (reference: string) => Promise<ServedModel>;
  readonly report: Report;
}

/** Listens for SIGHUP until it is disposed of. A second one that comes meanwhile is done after the first. */
export function reloadOnHangup(references: readonly string[], options: ReloadOptions): Disposable {
  let last: Promise<void> = Promise.resolve();
  const reload = () => {
    last = last.then(async () => {
      for (const reference of references) await reloadModel(reference, options);
    });
  };
  process.on("SIGHUP", reload);
  return { [Symbol.dispose]: () => void process.off("SIGHUP", reload) };
}

/** The model is served until another can be: one that cannot be opened or measured changes nothing. */
async function reloadModel(reference: string, { service, open, report }: ReloadOptions) {
  const say = (text: string) => report({ type: "note", text: `${reference}: ${text}` });
  try {
    const next = await open(reference);
    const { name, space } = next;
    if (service.models.get(name)?.space.id === space.id) {
      await next[Symbol.asyncDispose]();
      return say("is what it was");
    }
    const before = await service.load(next).catch(async (error: unknown) => {
      await next[Symbol.asyncDispose]();
      throw error;
    });
    say(`is now of the space ${describeSpace(space)}`);
    await before?.[Symbol.asyncDispose]();
  } catch (error) {
    say(`stays what it was: ${(error as Error).message}`);
  }
}
