import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";

const root = join(import.meta.dirname, "../..");
const program = `
  import { openEncoder } from "./src/encoder/index.ts";
  import { tinyStatic } from "./test/tiny-models.ts";
  await using encoder = await openEncoder(tinyStatic());
  await encoder.encode(["a text"]);
`;

// ONNX Runtime names the device and queues its events in the home folder; on systems where it does not, this holds anyway.
test("running a model leaves nothing in the home folder to be sent", async () => {
  await using home = await temporaryFolder();
  // In CI and in its own tests ONNX Runtime is quiet by itself.
  const {
    CI: _,
    ORT_RUNNING_UNIT_TESTS: __,
    ORT_DISABLE_TELEMETRY: ___,
    ...inherited
  } = process.env;
  const env = { ...inherited, HOME: home.path, XDG_CACHE_HOME: join(home.path, ".cache") };
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    env,
  });
  expect(await readdir(home.path)).toEqual([]);
});
