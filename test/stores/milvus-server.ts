/** A Milvus Lite of a test's own: in a temporary folder, on a free port of 127.0.0.1. */
import { connect } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "../temporary.ts";
import { freePort, milvusLite, type ServerProcess, startServer } from "./fetched-servers.ts";

export interface MilvusServer extends AsyncDisposable {
  readonly port: number;
  url(options?: { readonly index?: string }): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startMilvus(): Promise<MilvusServer> {
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(await temporaryFolder());
  const port = await freePort();
  const where = ["--data-dir", join(folder.path, "data"), "--host", "127.0.0.1"];
  const command = [milvusLite, "server", ...where, "--port", `${port}`];
  let server: ServerProcess | undefined;
  const start = async () => {
    server = await startServer(command, { ready: () => answers(port) });
  };
  starting.defer(async () => {
    await server?.stop("SIGKILL");
  });
  await start();
  const running = starting.move();
  return {
    port,
    url: ({ index } = {}) =>
      `milvus://127.0.0.1:${port}${index === undefined ? "" : `?index=${index}`}`,
    start,
    kill: async () => {
      await server!.stop("SIGKILL");
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
