import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Child, openChild } from "./child.ts";

const root = resolve(import.meta.dirname, "..");

/** The folder of the Python environment that bench/peers/setup.sh makes; $NEARFOLD_PEERS names another. */
export function peersFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(root, environment.NEARFOLD_PEERS ?? ".cache/peers");
}

/** Its interpreter, or undefined where nothing is installed. */
export function findPython(folder = peersFolder()): string | undefined {
  return [join(folder, "bin", "python"), join(folder, "Scripts", "python.exe")].find(existsSync);
}

/** The name of a peer that is not there, with what would bring it. */
export function notInstalled(name: string): string {
  return `${name} (not installed: bench/peers/setup.sh)`;
}

/** Starts a script of bench/peers/: Python in the peers' environment, TypeScript in this Node. */
export function openPeer(command: string, script: string): Child {
  return openChild(command, [join(import.meta.dirname, "peers", script)]);
}
