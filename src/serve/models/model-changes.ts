/** Models changed while they are served, one change after the other. */
import { describeSpace } from "../../space.ts";
import type { ServedModel } from "../served-model.ts";
import type { Change, Service } from "../service.ts";

export interface ModelChangesOptions {
  readonly service: Service;
  /** Opens a model, called by a name or else by its own; it is closed here. */
  readonly open: (reference: string, name: string | undefined) => Promise<ServedModel>;
  /** Where each model came from that is served from the start, by its name. */
  readonly references: ReadonlyMap<string, string>;
  /** Told what has changed, or why nothing has. */
  readonly onChange?: (name: string, what: string) => void;
}

export interface LoadRequest {
  /** What `open` knows it by. */
  readonly model: string;
  /** @default the model's own */
  readonly name?: string;
  /** It stands beside the one of its name, and gets so much of the requests. @default it takes the name */
  readonly share?: number;
}

export interface ModelChanges {
  /** Where the models of a name come from. */
  referencesOf(name: string): { readonly current: string; readonly beside?: string };
  /** Opens, measures and warms a model. It takes the name once it can answer, or stands beside. @throws as `open`, `Service.load` and `Service.loadBeside`; then nothing has changed */
  load(request: LoadRequest): Promise<void>;
  /** @throws as `Service.setShare` */
  setShare(name: string, share: number): Promise<void>;
  /** @throws as `Service.promote` */
  promote(name: string): Promise<void>;
  /** @throws as `Service.unload` */
  unload(name: string): Promise<void>;
  /** @throws as `Service.unloadBeside` */
  unloadBeside(name: string): Promise<void>;
  /** Opens each model anew from where it came; one that cannot be opened, or is what it was, changes nothing. */
  reload(): Promise<void>;
}

export function createModelChanges(options: ModelChangesOptions): ModelChanges {
  const { service, open, onChange = () => {} } = options;
  const references = new Map(options.references);
  const besides = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  /** They answer what they have, while other changes go on. */
  const close = ({ left }: Change) =>
    void left.then((models) => Promise.all(models.map((model) => model[Symbol.asyncDispose]())));

  const load = async ({ model: reference, name, share }: LoadRequest) => {
    const model = await open(reference, name);
    try {
      if (share !== undefined) {
        await service.loadBeside(model, share);
        besides.set(model.name, reference);
        onChange(model.name, `has another beside it, with a share of ${share}: ${reference}`);
        return;
      }
      close(await service.load(model));
      references.set(model.name, reference);
      onChange(model.name, `is now of the space ${describeSpace(model.space)}: ${reference}`);
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
  };
  const reloadOne = async (name: string, reference: string) => {
    try {
      const next = await open(reference, name);
      if (service.models.get(name)?.space.id === next.space.id) {
        await next[Symbol.asyncDispose]();
        return onChange(name, "is what it was");
      }
      const change = await service.load(next).catch(async (error: unknown) => {
        await next[Symbol.asyncDispose]();
        throw error;
      });
      onChange(name, `is now of the space ${describeSpace(next.space)}`);
      close(change);
    } catch (error) {
      onChange(name, `stays what it was: ${(error as Error).message}`);
    }
  };
  return {
    referencesOf: (name) => {
      const [current = "", beside] = [references.get(name), besides.get(name)];
      return { current, ...(beside !== undefined && { beside }) };
    },
    load: (request) => inTurn(() => load(request)),
    setShare: (name, share) =>
      inTurn(async () => {
        service.setShare(name, share);
        onChange(name, `shares ${share} of its requests with the one beside it`);
      }),
    promote: (name) =>
      inTurn(async () => {
        close(service.promote(name));
        references.set(name, besides.get(name)!);
        besides.delete(name);
        const { space } = service.models.get(name)!;
        onChange(name, `is now what stood beside it, of the space ${describeSpace(space)}`);
      }),
    unload: (name) =>
      inTurn(async () => {
        close(service.unload(name));
        references.delete(name);
        besides.delete(name);
        onChange(name, "is served no more");
      }),
    unloadBeside: (name) =>
      inTurn(async () => {
        close(service.unloadBeside(name));
        besides.delete(name);
        onChange(name, "has no other beside it any more");
      }),
    reload: () =>
      inTurn(async () => {
        for (const [name, reference] of references) await reloadOne(name, reference);
      }),
  };
}
