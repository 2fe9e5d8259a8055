import { expect, test } from "vitest";
import { secretOf, withoutSecrets } from "./server-reference.ts";

test.each([
  ["postgres://me:secret@host:5432/db?index=a", "postgres://me@host:5432/db?index=a"],
  ["postgres://me@host/db?index=a&password=secret", "postgres://me@host/db?index=a"],
  ["milvus://host:19530?token=secret&index=a", "milvus://host:19530?index=a"],
])("%s is shown without its secret", (reference, shown) => {
  expect(secretOf(reference)).toBeDefined();
  expect(withoutSecrets(reference)).toBe(shown);
  expect(secretOf(shown)).toBeUndefined();
});

test.each([
  ...["index/", "./a folder", "C:/index", "postgres://me@host/db?index=a&sslmode=require"],
  ...["milvus://host:19530?index=a", "memory:", "postgres://not a url"],
])("%s is shown as it is", (reference) => {
  expect(secretOf(reference)).toBeUndefined();
  expect(withoutSecrets(reference)).toBe(reference);
});
