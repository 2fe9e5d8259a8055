import { expect, test } from "vitest";
import { isCommit, isHubId, parseEndpoint, requireRevision } from "./id.ts";

test.each([
  ["sentence-transformers/all-MiniLM-L6-v2", true],
  ["HuggingFaceTB/SmolLM2-135M", true],
  ["a/b", true],
  ["_a/b_c.d-e", true],
  ["bert-base-uncased", false],
  ["models/", false],
  ["./models/tiny", false],
  ["../models", false],
  ["models/../tiny", false],
  ["/models/tiny", false],
  ["models/tiny/", false],
  ["models/tiny/1", false],
  ["models\\tiny", false],
  ["C:/tiny", false],
  ["org/na me", false],
  ["org/na--me", false],
  ["org/-name", false],
  ["org/name.", false],
  ["org/name.git", false],
  [`org/${"n".repeat(97)}`, false],
  ["", false],
])("%j has the form of a Hub id: %s", (text, expected) => {
  expect(isHubId(text)).toBe(expected);
});

test.each([
  ["main", true],
  ["v1.0", true],
  ["refs/pr/3", true],
  ["feature/ümlaut", true],
  ["8b3219a92973c328a8e22fadcfa821b5dc75636a", true],
  ["..", false],
  ["a/../b", false],
  [".", false],
  [".hidden", false],
  ["-option", false],
  ["/main", false],
  ["ma in", false],
  ["ma\nin", false],
  ["ma?in", false],
  ["ma%2Fin", false],
  ["", false],
  ["x".repeat(201), false],
  ["ü".repeat(100), false],
  ["\ud800", false],
])("%j is a revision: %s", (text, expected) => {
  const require = () => requireRevision(text);
  if (expected) expect(require).not.toThrow();
  else expect(require).toThrow("not a revision");
});

test("a commit is forty hexadecimal digits", () => {
  expect(isCommit("8b3219a92973c328a8e22fadcfa821b5dc75636a")).toBe(true);
  expect(["main", "8b3219a", "8B3219A92973C328A8E22FADCFA821B5DC75636A"].some(isCommit)).toBe(
    false,
  );
});

test.each([
  ["https://huggingface.co", "https://huggingface.co", "huggingface.co"],
  ["https://huggingface.co//", "https://huggingface.co", "huggingface.co"],
  [
    "https://mirror.example:8443/hub/",
    "https://mirror.example:8443/hub",
    "mirror.example%3A8443%2Fhub",
  ],
  ["http://huggingface.co", "http://huggingface.co", "http%2Bhuggingface.co"],
])("%s is asked at %s and cached as %s", (text, href, key) => {
  expect(parseEndpoint(text)).toMatchObject({ href, key });
});

test.each(["", "huggingface.co", "file:///etc", "https://..", "https://user:secret@hub"])(
  "%j is the address of no Hub, and a password in it is not repeated",
  (text) => {
    expect(() => parseEndpoint(text)).toThrow("not the address of a Hub");
    expect(() => parseEndpoint(text)).not.toThrow("secret");
  },
);
