/** A command as data, and how it becomes one of commander's. */
import { Command, InvalidArgumentError, type Option } from "commander";
import type { NearfoldError } from "../errors.ts";
import type { Report } from "./progress.ts";

export interface CommandSpec<Options = never> {
  readonly name: string;
  readonly summary: string;
  /** In order: `<name>` must be there, `[name]` may; `<names...>` takes the rest. */
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  readonly options?: readonly Option[];
  /** What a person types, shown by `--help`. */
  readonly examples: readonly string[];
  readonly run: (
    args: readonly string[],
    options: Options & CommonOptions,
    context: Context,
  ) => Promise<Outcome>;
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** What a command has of the world. */
export interface Context {
  readonly report: Report;
  /** Fires when the person asks it to stop. */
  readonly signal: AbortSignal;
  /** Milliseconds from any beginning. */
  readonly now: () => number;
  /** Text on stdout that can't wait for the end: rows of a stream. */
  readonly write: (text: string) => Promise<void>;
  /** Characters in a line of the terminal; 100 where there is none. */
  readonly columns: number;
}

/** What a command found: `text` for people, `json` for programs. */
export interface Outcome {
  readonly text: string;
  readonly json: object;
  /** Which stated requirement it does not meet: said after the rest, and the exit code is its own. */
  readonly unmet?: NearfoldError;
}

/** A command for commander; `act` is called with what was typed. */
export function toCommander(
  spec: CommandSpec,
  act: (spec: CommandSpec, args: readonly string[], options: CommonOptions) => Promise<void>,
): Command {
  const command = new Command(spec.name).description(spec.summary);
  for (const [name, description] of spec.arguments ?? []) command.argument(name, description);
  for (const option of spec.options ?? []) command.addOption(option);
  command
    .option("--json", "print one JSON object on stdout, progress as JSON lines on stderr")
    .option("--debug", "print the stack of an error")
    .addHelpText(
      "after",
      `\n${spec.examples.length > 1 ? "Examples" : "Example"}:\n${spec.examples
        .map((example) => `  ${example}`)
        .join("\n")}`,
    )
    .action((...all: unknown[]) => {
      // Commander's call: the arguments, then the options, then the command.
      const options = all.at(-2) as CommonOptions;
      const args = all
        .slice(0, -2)
        .flat()
        .filter((value) => value !== undefined) as string[];
      return act(spec, args, options);
    });
  return command;
}

/** A parser of a whole number that is at least `least`, and at most `most`. */
export function wholeNumber(
  least: number,
  most: number = Number.POSITIVE_INFINITY,
): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const wanted =
      most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Not a whole number ${wanted}.`);
  };
}

/** A parser of a number. */
export function anyNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Not a number.");
}

/** A parser of a number above 0. */
export function positiveNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Not a number above 0.");
}

/** A parser of a number that is at least `least`, and at most `most`. */
export function numberWithin(
  least: number,
  most: number = Number.POSITIVE_INFINITY,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    const wanted =
      most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Not a number ${wanted}.`);
  };
}

/** A parser of names with commas between them: "q_proj,v_proj". */
export function nameList(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw new InvalidArgumentError("Not names with commas between them.");
}

/** A parser of numbers above 0 with commas between them: "0.3,0.7". */
export function positiveNumbers(text: string): readonly number[] {
  return text.split(",").map(positiveNumber);
}

/** A parser of whole numbers with commas between them: "256,128,64". */
export function wholeNumbers(text: string): readonly number[] {
  return text.split(",").map((part) => wholeNumber(1)(part.trim()));
}

/** "loraAlpha" as it is typed: "--lora-alpha". */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
