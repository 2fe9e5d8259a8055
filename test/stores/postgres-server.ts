/** A PostgreSQL with pgvector of a test's own: in a temporary folder, on a free port of 127.0.0.1, as another user than root. */
import { execFile } from "node:child_process";
import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { temporaryFolder } from "../temporary.ts";
import {
  asUser,
  freePort,
  postgresPrograms,
  type ServerProcess,
  startServer,
} from "./fetched-servers.ts";

const run = promisify(execFile);

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** A URL of a database; of the one that is there from the start, unless it is named. */
  url(options?: {
    readonly database?: string;
    readonly user?: string;
    readonly index?: string;
  }): string;
  /** Runs SQL as the administrator. */
  query(sql: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends it as a crash of the machine's power would, but for what the system has in its cache. */
  kill(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
}

export interface PostgresOptions {
  /** Further lines of its configuration. @default none */
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startPostgres({
  settings = {},
}: PostgresOptions = {}): Promise<PostgresServer> {
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(await temporaryFolder());
  const password = "p@ss/w:rd?";
  const passwordFile = await folder.write("password", password);
  await chmod(folder.path, 0o700);
  if (asUser.length > 0) {
    await chown(folder.path, 65_534, 65_534);
    await chown(passwordFile, 65_534, 65_534);
  }
  const data = join(folder.path, "data");
  const initdb = [
    ...[join(postgresPrograms, "initdb"), "--pgdata", data, "--username", "postgres"],
    ...["--auth", "scram-sha-256", "--pwfile", passwordFile, "--encoding", "UTF8", "--no-sync"],
    // Another order of texts than by code point, where the machine has one.
    ...["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"],
  ];
  await run("setpriv", [...asUser, "--", ...initdb], {
    env: { PATH: process.env.PATH, TZ: "UTC" },
  });
  const port = await freePort();
  const lines = {
    fsync: "off",
    unix_socket_directories: "",
    listen_addresses: "127.0.0.1",
    ...settings,
  };
  const set = Object.entries(lines).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [join(postgresPrograms, "postgres"), "-D", data, "-p", `${port}`, ...set];
  const url: PostgresServer["url"] = ({ database = "postgres", user = "postgres", index } = {}) => {
    const query = index === undefined ? "" : `?index=${index}`;
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}${query}`;
  };
  const query: PostgresServer["query"] = async (sql, database) => {
    const client = new pg.Client(url({ ...(database && { database }) }));
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const ready = () =>
    query("SELECT 1").then(
      () => true,
      () => false,
    );
  let server: ServerProcess | undefined;
  const start = async () => {
    server = await startServer(command, { ready, setpriv: asUser, env: { TZ: "UTC" } });
  };
  starting.defer(async () => {
    await server?.stop("SIGQUIT");
  });
  await start();
  const running = starting.move();
  return {
    port,
    password,
    url,
    query,
    start,
    kill: async () => {
      await server!.stop("SIGKILL");
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
