/** From what was typed to an exit code. */
import { Command, CommanderError } from "commander";
import { NearfoldError } from "../errors.ts";
import { type CommandSpec, type CommonOptions, toCommander } from "./command.ts";
import { commands } from "./commands.ts";
import { chooseReporter, type Output, reporters } from "./progress.ts";
import { packageVersion } from "./version.ts";

/** What a run has of the process. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Fires when the person asks it to stop: what can be saved is saved, and the code is 130. */
  readonly signal: AbortSignal;
  /** Milliseconds from any beginning. */
  readonly now: () => number;
}

/**
 * Runs the command that `argv` names (without node and script) and gives the exit code: 0, 2 for a mistake of the
 * caller's, 3 for a requirement that is not met, 1 for a failure of ours, 130 when it was stopped.
 * @default specs every command of the program
 */
export async function run(
  argv: readonly string[],
  io: Io,
  specs: Readonly<Record<string, CommandSpec<never>>> = commands,
): Promise<number> {
  let typed: CommonOptions = {};
  let code = 0;
  const program = new Command("nearfold")
    .description("Train, evaluate, index and search with embedding models.")
    .version(packageVersion())
    .addHelpText("after", "\nExample:\n  nearfold train pairs.jsonl --out model/");
  const act = async (spec: CommandSpec, args: readonly string[], options: CommonOptions) => {
    typed = options;
    code = await perform(spec, args, options, io);
  };
  for (const spec of Object.values(specs)) program.addCommand(toCommander(spec, act));
  for (const command of [program, ...program.commands]) {
    command.showHelpAfterError("Type the same with --help for what there is.");
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 100),
    });
  }
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return explain(error, typed, io);
  }
}

/** Runs a command and prints what came of it; gives the exit code. */
async function perform(
  spec: CommandSpec,
  args: readonly string[],
  options: CommonOptions,
  { stdout, stderr, signal, now }: Io,
): Promise<number> {
  const json = options.json ?? false;
  using reporter = reporters[chooseReporter(stderr, json)](stderr, now);
  const write = async (text: string) => {
    if (stdout.write(text) === false && stdout.once) {
      await new Promise<void>((resolve) => stdout.once?.("drain", resolve));
    }
  };
  const columns = stdout.columns ?? 100;
  const context = { report: reporter.report, signal, now, write, columns };
  const outcome = await spec.run(args, options as never, context);
  reporter[Symbol.dispose]();
  const { unmet } = outcome;
  const error = unmet && { error: toJson(unmet) };
  const text = json ? JSON.stringify({ ...outcome.json, ...error }) : outcome.text;
  if (text !== "") stdout.write(`${text}\n`);
  if (unmet) stderr.write(toLine(unmet.message));
  return unmet?.exitCode ?? 0;
}

/** Says on one line what went wrong, and gives the exit code. */
function explain(error: unknown, { json, debug }: CommonOptions, io: Io): number {
  // Commander has said it already; help and version are no mistakes.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof NearfoldError ? error : undefined;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const ours = !known || known.code === "bug";
  const advice = ours && !debug ? ". This is a mistake in nearfold: --debug shows where" : "";
  io.stderr.write(toLine(`${message}${advice}`));
  if (debug) io.stderr.write(`${stack}\n${causes(error)}`);
  if (json) {
    const said = known ? toJson(known) : { code: "bug", message };
    io.stdout.write(`${JSON.stringify({ error: said })}\n`);
  }
  return known?.exitCode ?? 1;
}

function toLine(message: string): string {
  return `error: ${message.replaceAll("\n", " ")}\n`;
}

function toJson({ code, message }: NearfoldError) {
  return { code, message };
}

function causes(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return "";
  return `caused by ${cause instanceof Error ? cause.stack : String(cause)}\n${causes(cause)}`;
}
