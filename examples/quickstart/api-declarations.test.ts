import { expect, test } from "vitest";
import { findDeclarations, SIGNATURE_LENGTH } from "./api-declarations.ts";

const pathsOf = (text: string) =>
  findDeclarations("a.d.ts", text).map(({ path }) => path.join("."));

test.each([
  ["a function", "declare function f(): void;", ["f"]],
  ["variables", "declare const a: 1, b: 2;", ["a", "b"]],
  ["a type", "type A = string;", ["A"]],
  ["an interface and its members", "interface A { b: string; c(): void }", ["A", "A.b", "A.c"]],
  ["a class", "declare class A { static b: 1; get c(): 1 }", ["A", "A.b", "A.c"]],
  ["an enum", "declare enum A { B, C = 3 }", ["A", "A.B", "A.C"]],
  [
    "a module",
    'declare module "node:fs/promises" { function f(): void }',
    ["fs/promises", "fs/promises.f"],
  ],
  [
    "a namespace in its module",
    'declare module "path" { namespace path { type A = 1 } }',
    ["path", "path", "path.A"],
  ],
  ["what a module adds to the globals", 'declare module "m" { global { var a: 1 } }', ["m", "m.a"]],
  [
    "the static side of a variable",
    "declare var A: { prototype: A; b(): A }",
    ["A", "A.prototype", "A.b"],
  ],
  ["options in place", "declare function f(options: { deep?: boolean }): void;", ["f", "f.deep"]],
  [
    "names that are no identifiers",
    'interface A { "b-c": 1; [Symbol.iterator](): 1; 5: 1 }',
    ["A", "A.b-c", "A.Symbol.iterator", "A.5"],
  ],
  [
    "no constructor, parameter or index",
    "declare class A { constructor(a: 1); [key: string]: 1 }",
    ["A"],
  ],
])("finds %s", (_, text, paths) => {
  expect(pathsOf(text)).toEqual(paths);
});

test.each([
  ["its description without tags", "/** Reads it.\n * @param a The file. */", ["Reads it."]],
  ["the nearest of several", "/** One. */ /** Two. */", ["Two."]],
  ["no other comment", "/* Not this. */ // nor this\n", []],
  ["no tag alone", "/** @internal */", []],
  ["a link as its target", "/** See {@link fs.open} or {@linkcode A}. */", ["See fs.open or A."]],
  [
    "a link as its label",
    "/** See {@link open opening} or {@link open | a file}. */",
    ["See opening or a file."],
  ],
  ["no address", "/** As {@link https://x.org/a the guide} says. */", ["As the guide says."]],
])("a comment gives %s", (_, comment, comments) => {
  expect(
    findDeclarations("a.d.ts", `${comment} declare function f(a: 1): void;`)[0].comments,
  ).toEqual(comments);
});

test.each([
  [
    "without comments and keywords that all have",
    "export declare function f(/** The file. */ a: string): void;",
    "function f(a: string): void",
  ],
  [
    "in single spaces",
    "type A = {\n  /** No. */\n  b: string; // no\n  c: 1;\n}",
    "type A = { b: string; c: 1; }",
  ],
  ["of an interface, its head", "interface A<T> extends B { c: 1 }", "interface A<T> extends B"],
  ["of a class, its head", "declare abstract class A { c: 1 }", "abstract class A"],
  ["of an enum, all of it", "declare enum A { B, C }", "enum A { B, C }"],
  ["of a module, its head", "declare namespace A {\n  type B = 1;\n}", "namespace A"],
])("a signature is %s", (_, text, signature) => {
  expect(findDeclarations("a.d.ts", text)[0].signature).toBe(signature);
});

test("a signature is bounded", () => {
  const members = Array.from({ length: 1000 }, (_, i) => `b${i}: string;`).join(" ");
  const [{ signature }] = findDeclarations("a.d.ts", `type A = { ${members} }`);
  expect(signature).toHaveLength(SIGNATURE_LENGTH);
});
