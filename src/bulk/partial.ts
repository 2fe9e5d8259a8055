/** `OUT.partial`: what a run has made so far, beside its final name. */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  asIoError,
  exists,
  publishFile,
  publishFolder,
  removeTemporaries,
  requireFreeFolder,
} from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { acquireLock } from "../lock.ts";
import {
  CHECKPOINT_FILE,
  type Checkpoint,
  type RunFacts,
  readCheckpoint,
  requireSameRun,
  writeCheckpoint,
} from "./checkpoint.ts";
import { GrowingFile } from "./growing-file.ts";
import type { SinkKind } from "./sink.ts";
import type { RowError } from "./window.ts";

const ERRORS_FILE = "errors.jsonl";
const LOCK = "lock";

/** Where the rows are listed that an output has no vector for. */
export function errorsPath(out: string): string {
  return `${withoutSlash(out)}.errors.jsonl`;
}

export function partialPath(out: string): string {
  return `${resolve(out)}.partial`;
}

export interface PartialOptions {
  readonly kind: SinkKind;
  readonly run: RunFacts;
  /** Forget what a stopped run left, and put the result in the place of an output that is there. @default false */
  readonly replace?: boolean;
  /** Whether a run may go on that was stopped: not where its input is a pipe. */
  readonly resumable: boolean;
}

/** The folder of a run, held by this process alone. */
export class Partial implements AsyncDisposable {
  readonly folder: string;
  /** How far an earlier run came. */
  readonly found: Checkpoint | undefined;
  readonly #out: string;
  readonly #options: PartialOptions;
  /** Undefined where all is written. */
  readonly #errors: GrowingFile | undefined;
  readonly #closing: AsyncDisposableStack;
  #begun: boolean;

  private constructor(
    out: string,
    options: PartialOptions,
    opened: Pick<Partial, "folder" | "found"> & { readonly errors: GrowingFile | undefined },
    closing: AsyncDisposableStack,
  ) {
    this.folder = opened.folder;
    this.found = opened.found;
    this.#out = resolve(out);
    this.#options = options;
    this.#errors = opened.errors;
    this.#closing = closing;
    this.#begun = opened.found !== undefined;
  }

  /** Whether there is something that a next run can go on with. */
  get isBegun(): boolean {
    return this.#begun;
  }

  /**
   * Takes up what a run of the same facts left, or begins.
   * @throws exists where something is in the way that is not to be replaced, or another process is at it; mismatch for another run's; bad-input for files
   * that are damaged; io
   */
  static async open(out: string, options: PartialOptions): Promise<Partial> {
    const { run, replace = false, resumable } = options;
    const folder = partialPath(out);
    await using closing = new AsyncDisposableStack();
    await requireOurs(folder);
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw asIoError(cause, folder);
    });
    closing.use(await acquireLock(join(folder, LOCK)));
    await removeTemporaries(folder);
    const there =
      replace || !resumable ? undefined : await readCheckpoint(join(folder, CHECKPOINT_FILE));
    if (there) requireSameRun(there.run, run, folder);
    // Of a run that was killed before its first window there is nothing to keep.
    const found = there && there.counts.read > 0 ? there : undefined;
    if (!found?.finished) await requireRoom(out, options);
    if (!found) await begin(folder, run);
    const path = join(folder, ERRORS_FILE);
    const errors = found?.finished
      ? undefined
      : closing.use(await GrowingFile.open(path, found?.errorBytes ?? 0));
    return new Partial(out, options, { folder, found, errors }, closing.move());
  }

  /** Lists rows that have no vector. @throws io */
  async addErrors(errors: readonly RowError[]): Promise<void> {
    if (errors.length === 0) return;
    const lines = errors.map(
      ({ row, error: { code, message } }) => `${JSON.stringify({ row, code, message })}\n`,
    );
    await this.#errors!.append(Buffer.from(lines.join("")));
    await this.#errors!.sync();
  }

  /** All that was done until now is kept from now on. @throws io */
  async record(progress: Pick<Checkpoint, "counts" | "sink" | "finished">): Promise<void> {
    this.#begun = true;
    const { run } = this.#options;
    const errorBytes = this.#errors!.bytes;
    await writeCheckpoint(join(this.folder, CHECKPOINT_FILE), { run, ...progress, errorBytes });
  }

  /** Gives everything its final name, after which nothing of the run is left; can be done again after a kill. @throws exists, io */
  async publish(): Promise<void> {
    const { results, folderWith } = this.#options.kind;
    await this.publishErrors();
    for (const { name, suffix } of results) {
      const target = `${this.#out}${suffix}`;
      if (folderWith === undefined) await this.#publishFile(name, target);
      else await this.#publishFolder(name, target, folderWith);
    }
    await this.discard();
  }

  /** Gives the list of errors its name; one of an earlier run goes. @throws io */
  async publishErrors(): Promise<void> {
    const errors = errorsPath(this.#out);
    const bytes = this.#errors?.bytes ?? this.found!.errorBytes;
    if (bytes > 0) await this.#publishFile(ERRORS_FILE, errors);
    else await rm(errors, { force: true });
  }

  /** Leaves nothing of the run. */
  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }

  /** What is not there has its name already. */
  async #publishFile(name: string, target: string): Promise<void> {
    const from = join(this.folder, name);
    if (await exists(from)) await publishFile(from, target);
  }

  async #publishFolder(name: string, target: string, folderWith: string): Promise<void> {
    const from = join(this.folder, name);
    const replace = this.#options.replace ? folderWith : undefined;
    if (await exists(from)) await publishFolder(from, target, { replace });
  }
}

/** @throws exists where the folder of the run holds something else */
async function requireOurs(folder: string): Promise<void> {
  const found = await readdir(folder).catch(() => []);
  const others = found.filter((name) => name !== LOCK && !name.startsWith("."));
  if (others.length === 0 || others.includes(CHECKPOINT_FILE)) return;
  const [what, got] = [
    "what a run makes is kept in a folder of this name until it is done, and",
    others[0],
  ];
  const hint = "Choose another --out, or remove the folder";
  throw new NearfoldError("exists", `${what} this one holds something else`, {
    at: folder,
    got,
    hint,
  });
}

/** @throws exists where the output's name is that of a folder which is not to be replaced */
async function requireRoom(out: string, { kind, replace = false }: PartialOptions): Promise<void> {
  const { folderWith } = kind;
  if (folderWith === undefined) return await requireNoFolder(out);
  await requireFreeFolder(resolve(out), { replace: replace ? folderWith : undefined });
}

async function requireNoFolder(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (!found?.isDirectory()) return;
  throw new NearfoldError("exists", "a folder of the file's name is in the way", { at: out });
}

/** Nothing but the record that a run begins. */
async function begin(folder: string, run: RunFacts): Promise<void> {
  const counts = { read: 0, texts: 0, errors: 0, truncated: 0, tokens: 0 };
  await writeCheckpoint(join(folder, CHECKPOINT_FILE), {
    run,
    counts,
    errorBytes: 0,
    sink: {},
    finished: false,
  });
  for (const name of await readdir(folder)) {
    if (name === LOCK || name === CHECKPOINT_FILE) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function withoutSlash(path: string): string {
  return path.replace(/[\\/]+$/, "");
}
