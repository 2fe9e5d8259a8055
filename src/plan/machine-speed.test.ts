import { expect, test } from "vitest";
import { productSpeed } from "./machine-speed.ts";

const now = () => performance.now();

test.each(["float32", "int8", "int8-static", "int7", "int4-block32"])(
  "%s: as fast as any machine",
  async (name) => {
    const speed = await productSpeed(name, now);
    expect(speed).toBeGreaterThan(1e8);
    expect(speed).toBeLessThan(1e15);
  },
);
