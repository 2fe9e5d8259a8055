/** Database servers as `scripts/fetch-servers.mjs` brings them, started for a test on this machine alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const home = join(import.meta.dirname, "../../.cache/servers");

/** Why tests of one skip; undefined where it is there. */
export function whyAbsent(name: "postgres" | "milvus"): string | undefined {
  if (existsSync(join(home, name))) return undefined;
  return `${name} is not in .cache/servers: node scripts/fetch-servers.mjs`;
}

export const postgresPrograms = join(home, "postgres/pgserver/pginstall/bin");
export const milvusLite = join(home, "milvus-environment/bin/milvus-lite");

/** A port that nobody has just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** PostgreSQL does not run as root. */
export const asUser =
  process.getuid?.() === 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : [];

/** A server that ends with the process that started it, however that ends. */
export interface ServerProcess {
  readonly pid: number;
  /** What it has said. */
  readonly said: string;
  /** Sends a signal and waits for its end. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** @param ready whether it answers; asked until it does. @throws with what it said, where it ends before or takes a minute */
export async function startServer(
  command: readonly string[],
  options: {
    readonly ready: () => Promise<boolean>;
    readonly env?: NodeJS.ProcessEnv;
    readonly setpriv?: readonly string[];
  },
): Promise<ServerProcess> {
  const argv = [...(options.setpriv ?? []), "--pdeathsig=INT", "--", ...command];
  const child: ChildProcess = spawn("setpriv", argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: options.env ?? process.env,
  });
  let [said, ended] = ["", false];
  const closed = once(child, "close").then(() => {
    ended = true;
  });
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (text) => {
      said = `${said}${text}`.slice(-20_000);
    });
  }
  const deadline = performance.now() + 60_000;
  while (!(await options.ready())) {
    if (ended || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${command[0]} did not start: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid: child.pid!,
    get said() {
      return said;
    },
    stop: async (signal) => {
      child.kill(signal);
      await closed;
    },
  };
}
