import { expect, test } from "vitest";
import { cleanDescription, maskName, splitWords } from "./query-text.ts";

test.each([
  ["markup", "The **`signal`** read-only *property*", "The signal read-only property"],
  ["a reference", "Aborts it.\n\n[MDN Reference](https://x.org/a_(b))", "Aborts it."],
  ["a link", "See [the guide](https://x.org/guide) first", "See the guide first"],
  ["a bare address", "As in https://x.org/a?b#c, or not", "As in or not"],
  ["a fence", "Reads a file.\n\n```js\nread();\n```\n\nOr fails.", "Reads a file. Or fails."],
  ["an indented fence", "Reads.\n  ```js\n  read();\n  ```\nEnds.", "Reads. Ends."],
  ["a fence never closed", "Reads a file.\n```js\nread();", "Reads a file."],
  ["HTML, not types", "A <code>Map<string></code> of it<br/>", "A Map<string> of it"],
  ["white space", "  one\n\t two  ", "one two"],
])("cleaning takes out %s", (_, comment, prose) => {
  expect(cleanDescription(comment)).toBe(prose);
});

test.each([
  ["addEventListener", ["add", "event", "listener"]],
  ["innerHTML", ["inner", "html"]],
  ["HTMLElement", ["html", "element"]],
  ["Uint8Array", ["uint", "8", "array"]],
  ["ERR_BAD-arg", ["err", "bad", "arg"]],
  ["naïveÉtat", ["naïve", "état"]],
  ["名前", ["名前"]],
  ["…", []],
])("splits %s into words", (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test.each([
  ["the identifier", "addEventListener", "The addEventListener() method sets", "The … method sets"],
  ["its words", "addEventListener", "To add event listener is", "To … is"],
  ["joined by signs", "addEventListener", "add-event-listener, ADD_EVENT_LISTENER", "…, …"],
  ["in lower case", "addEventListener", "addeventlistener it", "… it"],
  ["split elsewhere", "setTimeout", "a set time out and setTimeOut", "a … and …"],
  ["the plural of it", "signal", "One signal, two signals", "One …, two …"],
  ["the singular of it", "signals", "One signal", "One …"],
  ["inside identifiers", "signal", "An AbortSignal", "An Abort…"],
  ["behind its container", "readFile", "Like fs.readFile(path)", "Like fs.…(path)"],
  ["a name with signs", "Symbol.iterator", "By Symbol.iterator here", "By … here"],
  ["a name without words", "$", "costs $ 5", "costs $ 5"],
  ["a word of it written apart", "innerHTML", "the HT ML of it", "the … of it"],
  ["but no part of a word", "port", "Reports of an import", "Reports of an import"],
  ["each word of the name", "readFile", "Can write files", "Can write …"],
])("masks %s", (_, name, text, masked) => {
  expect(maskName(text, name)).toBe(masked);
});
