import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  asIoError,
  exists,
  publishFile,
  removeTemporaries,
  writeDurably,
  writeFolderDurably,
} from "./durable.ts";
import { NearfoldError } from "./errors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nearfold-durable-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (...names: string[]) => join(folder, ...names);
const names = async (path = folder) => (await readdir(path)).sort();
const text = (path: string) => readFile(path, "utf8");
const fails = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NearfoldError);
  return error as NearfoldError;
};

describe("writeDurably", () => {
  test.each([
    ["text", "hé"],
    ["bytes", new TextEncoder().encode("hé")],
  ])("writes %s, and the folders above it", async (_, content) => {
    await writeDurably(at("a", "b", "file"), content);
    expect(await text(at("a", "b", "file"))).toBe("hé");
    expect(await names(at("a", "b"))).toEqual(["file"]);
  });

  test("the old content stands under the name until the new is whole", async () => {
    await writeFile(at("file"), "old");
    await writeDurably(at("file"), async (handle) => {
      await handle.write("half");
      expect(await text(at("file"))).toBe("old");
      await handle.write(" whole");
    });
    expect(await text(at("file"))).toBe("half whole");
    expect(await names()).toEqual(["file"]);
  });

  test("a failure while filling leaves the old content and nothing else", async () => {
    await writeFile(at("file"), "old");
    const failure = new Error("no more input");
    const work = writeDurably(at("file"), async (handle) => {
      await handle.write("half");
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(await text(at("file"))).toBe("old");
    expect(await names()).toEqual(["file"]);
  });

  test("two writers of one name: one of them wins, whole", async () => {
    const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(100_000));
    await Promise.all(contents.map((content) => writeDurably(at("file"), content)));
    expect(contents).toContain(await text(at("file")));
    expect(await names()).toEqual(["file"]);
  });

  test.each([
    ["directly", ["file", "below"]],
    ["two levels", ["file", "below", "deeper"]],
  ])("a path below a file is refused in words: %s", async (_, path) => {
    await writeFile(at("file"), "");
    const error = await fails(writeDurably(at(...path), ""));
    expect(error.message).toBe(
      `${at(...path)}: cannot write: a file stands where a folder is needed`,
    );
    expect(error.code).toBe("io");
  });

  test("a folder of that name is refused and kept", async () => {
    await mkdir(at("taken"));
    const error = await fails(writeDurably(at("taken"), ""));
    expect(error.message).toContain("it is a folder, not a file");
    expect(await names()).toEqual(["taken"]);
  });

  test("a full disk is said to be full", async ({ skip }) => {
    if (!(await exists("/dev/full"))) skip("this system has no /dev/full");
    const work = writeDurably(at("file"), () => writeFile("/dev/full", "x"));
    expect((await fails(work)).message).toBe(`${at("file")}: cannot write: the disk is full`);
    expect(await names()).toEqual([]);
  });

  test("a folder without write permission is said so", async ({ skip }) => {
    skip(process.getuid?.() === 0, "permissions do not bind root");
    await chmod(folder, 0o500);
    const error = await fails(writeDurably(at("file"), ""));
    await chmod(folder, 0o700);
    expect(error.message).toContain("permission denied");
  });
});

describe("publishFile", () => {
  test("moves a file to its name, over another, and makes the folders above it", async () => {
    for (const content of ["one", "two"]) {
      await writeFile(at("part"), content);
      await publishFile(at("part"), at("a", "b", "file"));
      expect(await text(at("a", "b", "file"))).toBe(content);
    }
    expect(await names()).toEqual(["a"]);
  });

  test("without the file, the name stays as it was", async () => {
    await writeFile(at("file"), "old");
    const error = await fails(publishFile(at("part"), at("file")));
    expect(error).toMatchObject({ code: "io" });
    expect(await text(at("file"))).toBe("old");
  });
});

describe("writeFolderDurably", () => {
  const fill = (content: string) => async (temporary: string) => {
    await mkdir(join(temporary, "inner"));
    await writeFile(join(temporary, "inner", "file"), content);
  };

  test("the name appears when the folder is whole", async () => {
    await writeFolderDurably(at("model"), async (temporary) => {
      await fill("new")(temporary);
      expect(await exists(at("model"))).toBe(false);
    });
    expect(await text(at("model", "inner", "file"))).toBe("new");
    expect(await names()).toEqual(["model"]);
  });

  test("an empty folder may be filled", async () => {
    await mkdir(at("model"));
    await writeFolderDurably(at("model"), fill("new"));
    expect(await text(at("model", "inner", "file"))).toBe("new");
    expect(await names()).toEqual(["model"]);
  });

  test("one with something in it is refused before any work", async () => {
    await mkdir(at("model"));
    await writeFile(at("model", "mine"), "");
    const never = () => Promise.reject(new Error("was called"));
    expect((await fails(writeFolderDurably(at("model"), never))).code).toBe("exists");
    expect(await names(at("model"))).toEqual(["mine"]);
    expect(await names()).toEqual(["model"]);
  });

  test.each([undefined, "inner"])("a file in the way is refused (replace: %s)", async (replace) => {
    await writeFile(at("model"), "mine");
    const error = await fails(writeFolderDurably(at("model"), fill("new"), { replace }));
    expect(error.code).toBe("exists");
    expect(await text(at("model"))).toBe("mine");
  });

  test("what holds something else is never replaced", async () => {
    await mkdir(at("model"));
    await writeFile(at("model", "mine"), "");
    const never = () => Promise.reject(new Error("was called"));
    const error = await fails(writeFolderDurably(at("model"), never, { replace: "inner" }));
    expect(error.code).toBe("exists");
    expect(error.message).toContain("got no inner");
    expect(await names(at("model"))).toEqual(["mine"]);
  });

  test("replaced on request: nothing of the old one stays", async () => {
    await mkdir(at("model"));
    await writeFile(at("model", "old"), "");
    await writeFolderDurably(at("model"), fill("new"), { replace: "old" });
    expect(await names(at("model"))).toEqual(["inner"]);
    expect(await names()).toEqual(["model"]);
  });

  test("a failure while filling keeps the old one and leaves nothing else", async () => {
    await writeFolderDurably(at("model"), fill("old"));
    const work = writeFolderDurably(
      at("model"),
      async (temporary) => {
        await fill("new")(temporary);
        throw new Error("no more input");
      },
      { replace: "inner" },
    );
    await expect(work).rejects.toThrow("no more input");
    expect(await text(at("model", "inner", "file"))).toBe("old");
    expect(await names()).toEqual(["model"]);
  });

  test("when the new one can't be moved in, the old one is put back", async () => {
    await writeFolderDurably(at("model"), fill("old"));
    // The filler loses its folder, so the second rename fails.
    const work = writeFolderDurably(
      at("model"),
      (temporary) => rm(temporary, { recursive: true }),
      { replace: "inner" },
    );
    expect((await fails(work)).code).toBe("io");
    expect(await text(at("model", "inner", "file"))).toBe("old");
    expect(await names()).toEqual(["model"]);
  });
});

describe("after a kill", () => {
  const [tmp, old] = [".model.0123456789ab.tmp", ".model.ba9876543210.old"];

  test.each([
    ["half written, nothing before", [tmp], []],
    ["half written, the old one untouched", ["model", tmp], ["model"]],
    ["between the two renames: the old one comes back", [old, tmp], ["model"]],
    ["before the old one was removed: the new one stays", ["model", old], ["model"]],
    ["names that are not ours stay", [".model.tmp", ".x.old"], [".model.tmp", ".x.old"]],
  ])("%s", async (_, before, after) => {
    for (const name of before) {
      await mkdir(at(name));
      await writeFile(at(name, name), "");
    }
    await removeTemporaries(folder);
    expect(await names()).toEqual(after);
    if (before.includes(old) && !before.includes("model")) {
      expect(await names(at("model"))).toEqual([old]);
    }
    await removeTemporaries(at("absent"));
  });

  test("the next write sees what was about to be replaced, and refuses to lose it", async () => {
    await mkdir(at(old));
    await writeFile(at(old, "mine"), "");
    const error = await fails(writeFolderDurably(at("model"), async () => {}));
    expect(error.code).toBe("exists");
    expect(await names(at("model"))).toEqual(["mine"]);
  });

  test("a writer killed at any moment leaves one whole version", { timeout: 60_000 }, async () => {
    const program = `
      import { writeFile } from "node:fs/promises";
      import { writeDurably, writeFolderDurably } from ${JSON.stringify(new URL("./durable.ts", import.meta.url).href)};
      for (let version = 0; ; version++) {
        const content = String(version).repeat(20_000);
        await writeDurably(${JSON.stringify(at("file"))}, content);
        await writeFolderDurably(${JSON.stringify(at("model"))}, async (temporary) => {
          for (const name of ["a", "b"]) await writeFile(temporary + "/" + name, content);
        }, { replace: "a" });
        if (version === 0) console.log("ready");
      }`;
    for (const delayMs of [0, 3, 7, 13, 24]) {
      const writer = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(writer.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      writer.kill("SIGKILL");
      await once(writer, "exit");
      await removeTemporaries(folder);
      expect(await names()).toEqual(["file", "model"]);
      expect((await text(at("file"))).length % 20_000).toBe(0);
      expect(await names(at("model"))).toEqual(["a", "b"]);
      expect(await text(at("model", "a"))).toBe(await text(at("model", "b")));
    }
  });
});

describe("asIoError", () => {
  const reading = (path: string) => readFile(path).catch((cause) => asIoError(cause, path, "read"));

  test("what is not there is not found", async () => {
    expect(await reading(at("absent"))).toMatchObject({
      code: "not-found",
      message: `${at("absent")}: cannot read: no such file or folder`,
    });
  });

  test("a reason without words of ours keeps the system's", async () => {
    await symlink("loop", at("loop"));
    const error = (await reading(at("loop"))) as Error;
    expect(error.message).toContain("ELOOP");
  });

  test.each([
    ["ours", new NearfoldError("mismatch", "two sizes")],
    ["a mistake in the program", new TypeError("x is not a function")],
    [
      "an argument error of Node's",
      Object.assign(new TypeError("bad"), { code: "ERR_INVALID_ARG_TYPE" }),
    ],
    ["nothing at all", undefined],
  ])("%s passes through", (_, cause) => {
    expect(asIoError(cause, "x")).toBe(cause);
  });
});
