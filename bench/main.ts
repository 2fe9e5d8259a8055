/** `npm run bench` for a table of all measurements, `npm run bench -- NAME [--json]` for one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { NearfoldError } from "../src/errors.ts";
import { gemmGflops } from "./calibrate.ts";
import { measurements } from "./registry.ts";
import { type Measurement, type Result, toResult, toTable } from "./result.ts";

const names = Object.keys(measurements);

function usage(): string {
  const lines = Object.entries(measurements).map(
    ([name, { about }]) => `  ${name.padEnd(18)}${about}`,
  );
  return ["usage: npm run bench -- [NAME] [--json]", "", ...lines].join("\n");
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(name: string): Promise<Result> {
  const measurement: Measurement = measurements[name as keyof typeof measurements];
  const missing = measurement.missing?.();
  if (missing !== undefined) {
    throw new NearfoldError("not-found", "the measurement can't be taken here", {
      at: name,
      hint: missing,
    });
  }
  log(`${name}: ${measurement.about}`);
  const gflops = await gemmGflops();
  log(`${name}: a float32 matrix product runs at ${Math.round(gflops)} GFLOP/s here and now`);
  const finding = await measurement.run((line) => log(`${name}: ${line}`));
  return toResult(name, measurement, finding, gflops);
}

/** Each in a process of its own, so that none inherits the memory or the threads of another. */
async function measureApart(name: string): Promise<Result> {
  const child = spawn(process.execPath, [import.meta.filename, name, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const json = await text(child.stdout);
  const [code] = await closed;
  if (code !== 0) throw new Error(`the measurement ${name} failed; its message is above`);
  return JSON.parse(json) as Result;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help) return console.log(usage());
  const [name] = positionals;
  if (name !== undefined) {
    const result = await measure(name);
    return console.log(values.json ? JSON.stringify(result) : toTable([result]));
  }
  const results: Result[] = [];
  for (const [each, { missing }] of Object.entries<Measurement>(measurements)) {
    const reason = missing?.();
    if (reason === undefined) results.push(await measureApart(each));
    else log(`${each}: left out: ${reason}`);
  }
  console.log(values.json ? JSON.stringify(results) : toTable(results));
}

function readArguments(args: string[]) {
  const wanted = `one of ${names.join(", ")}, or none for all`;
  const wrong = (got: string) =>
    new NearfoldError("bad-argument", "no such measurement", { got, wanted });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (cause) {
    throw new NearfoldError("bad-argument", (cause as Error).message, { cause });
  }
  const unknown = parsed.positionals.find((name) => !Object.hasOwn(measurements, name));
  if (unknown !== undefined) throw wrong(unknown);
  if (parsed.positionals.length > 1) throw wrong(parsed.positionals.join(" "));
  return parsed;
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
}

main(process.argv.slice(2)).catch((error: Error) => {
  log(error instanceof NearfoldError ? error.message : String(error.stack));
  process.exitCode = error instanceof NearfoldError ? error.exitCode : 1;
});
