import { expect, it } from "vitest";
import { assemble, get, i32, loopWhile, set } from "./assembler.ts";
import { kernelModule } from "./kernels.ts";

it("kernels are a module that the engine takes, of a kernel for each type and tile, and one that looks for sums", () => {
  const bytes = kernelModule();
  expect(bytes.length).toBeLessThan(8192);
  const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
  expect(names).toEqual([
    ...["floats-some", "floats-one", "floats-find"],
    ...["bytes-some", "bytes-one", "bytes-find"],
    ...["bits-some", "bits-one", "bits-find"],
  ]);
});

it.each([
  0,
  1,
  63,
  64,
  127,
  128,
  8191,
  8192,
  2 ** 20,
  2 ** 30,
  -1,
  -64,
  -65,
  -128,
  -129,
  -(2 ** 30),
])("a constant %i is written as WebAssembly reads it", (value) => {
  const [at, done] = [0, 1];
  // Stores the constant once.
  const body = loopWhile(i32.lessThan(get(done), i32.const(1)), [
    ...i32.store(0, get(at), i32.const(value)),
    ...set(done, i32.const(1)),
  ]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble(1, [{ name: "put", i32s: 1, v128s: 0, body }]));
  const { put } = new WebAssembly.Instance(module, { host: { memory } }).exports;
  (put as (at: number) => void)(4);
  expect([...new Int32Array(memory.buffer, 0, 3)]).toEqual([0, value, 0]);
});
