import { describe, expect, test } from "vitest";
import { openChild } from "./child.ts";
import { findPython, notInstalled, peersFolder } from "./peer.ts";

const module = JSON.stringify(new URL("./child.ts", import.meta.url).href);
const node = (script: string) => openChild(process.execPath, ["--input-type=module", "-e", script]);
const serving = (handlers: string) => `import { serve } from ${module}; await serve(${handlers});`;

describe("a child", () => {
  test("answers one request after another", async () => {
    await using child = node(serving("{ add: ({ a, b }) => ({ sum: a + b }) }"));
    expect(await child.ask("add", { a: 1, b: 2 })).toEqual({ sum: 3 });
    expect(await child.ask("add", { a: 3, b: 4 })).toEqual({ sum: 7 });
  });

  test("reports an error of the work, and goes on", async () => {
    await using child = node(
      serving("{ fail: () => { throw new Error('no room'); }, ok: () => ({}) }"),
    );
    await expect(child.ask("fail")).rejects.toThrow(/"fail".*no room/u);
    expect(await child.ask("ok")).toEqual({});
  });

  test("that dies is reported with the end of its stderr", async () => {
    await using child = node("console.error('no module named torch'); process.exit(3);");
    await expect(child.ask("open")).rejects.toThrow(/exit code 3[\s\S]*no module named torch/u);
  });

  test("that does not exist is reported", async () => {
    await using child = openChild("/no/such/python", []);
    await expect(child.ask("open")).rejects.toThrow(/did not start/u);
  });
});

describe("peers", () => {
  test("an environment variable says where they are", () => {
    expect(peersFolder({ NEARFOLD_PEERS: "/somewhere" })).toBe("/somewhere");
    expect(peersFolder({})).toMatch(/\.cache.peers$/u);
  });

  test("that are not installed are named, with what installs them", () => {
    expect(findPython("/no/such/folder")).toBeUndefined();
    expect(notInstalled("PyTorch")).toBe("PyTorch (not installed: bench/peers/setup.sh)");
  });
});
