/** A command inside another, as a person would type it. */
import { type CommandSpec, type Context, type Outcome, toCommander } from "./command.ts";

/** Runs a command of this program with its arguments. @throws as the command */
export async function runTyped<Options>(
  spec: CommandSpec<Options>,
  argv: readonly string[],
  context: Context,
): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const command = toCommander(spec as CommandSpec, async (spec, args, options) => {
    outcomes.push(await spec.run(args, options as never, context));
  });
  await command.exitOverride().parseAsync(argv, { from: "user" });
  return outcomes[0];
}

/** The line that a person would type, as a POSIX shell takes it. */
export function typedLine(name: string, argv: readonly string[]): string {
  const word = (text: string) =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  return ["nearfold", name, ...argv.map(word)].join(" ");
}
