/** The other end of `ReaderThread`. */
import { parentPort } from "node:worker_threads";
import { NearfoldError } from "../errors.ts";
import type { ReadReply, ReadRequest } from "./reader-thread.ts";
import { documentKinds } from "./registry.ts";

// No document makes this thread speak to anyone, whatever a library would fetch for it.
globalThis.fetch = () => Promise.reject(new Error("a document's reader fetches nothing"));

// PDF.js leaves promises of damaged files behind that nobody waits for; the file's own error is told in the reply.
process.on("unhandledRejection", () => {});

parentPort!.on("message", async ({ kind, bytes, at }: ReadRequest) => {
  parentPort!.postMessage(await reply(kind, bytes, at));
});

async function reply(kind: ReadRequest["kind"], bytes: Uint8Array, at: string): Promise<ReadReply> {
  try {
    return { content: await documentKinds[kind].read(bytes, at) };
  } catch (error) {
    if (!(error instanceof NearfoldError)) return { broken: (error as Error).message };
    const { code, details, what } = error;
    const { cause: _, ...told } = details;
    return { failure: { code, what, details: told } };
  }
}
