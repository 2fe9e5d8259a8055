/** Command lines as a POSIX shell splits them, as far as pages need it. */

/** One word: plain, 'quoted' or "quoted" parts with nothing between them. */
const WORD = /(?:[^\s'"\\|&;<>()$`*?#~{}[\]!]+|'[^']*'|"[^"\\$`]*")+/y;
const SPACE = /(?:[ \t]|\\\n)*/y;

/**
 * The words of each line of a block; a line ends where no backslash and no open quote carries it on.
 * @throws for what a shell would do more with: variables, pipes, patterns, comments
 */
export function commandsOf(code: string, at: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let place = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = place;
    const [found] = pattern.exec(code) ?? [];
    place += found?.length ?? 0;
    return found;
  };
  while (place < code.length) {
    take(SPACE);
    const word = take(WORD);
    if (word !== undefined) commands.at(-1)!.push(unquote(word));
    else if (take(/\n/y) !== undefined) commands.push([]);
    else if (place < code.length) {
      throw new Error(`${at}: more than words: ${code.slice(place, place + 20)}`);
    }
  }
  return commands.filter((words) => words.length > 0);
}

function unquote(word: string): string {
  return word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double);
}
