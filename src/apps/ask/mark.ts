import { randomBytes } from "node:crypto";

/** A line that nobody can have written into a document beforehand: 128 random bits. */
export function newMark(): string {
  return `passages-${randomBytes(16).toString("hex")}`;
}
