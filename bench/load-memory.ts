/** What it costs to hold a model's folder ready, in a process of its own. */
import { join } from "node:path";
import { weightShapes } from "../src/models/checkpoint.ts";
import { locateModel } from "../src/models/index.ts";
import { sizeOf } from "../src/tensor/tensor.ts";
import { openChild } from "./child.ts";

export interface LoadMemory {
  /** Of the weights that the forward pass reads, as the float32 they run in. */
  readonly weightsMb: number;
  /** What the process holds more once it has opened the folder and encoded a text, over that. */
  readonly resident: number;
  /** The most that it held more meanwhile, over that. */
  readonly peak: number;
}

export async function memoryOf(folder: string): Promise<LoadMemory> {
  const { architecture, config, head } = await locateModel(folder);
  const shapes = [...weightShapes(architecture, config, head).values()];
  const weightsMb = shapes.reduce((sum, shape) => sum + 4 * sizeOf(shape), 0) / 1e6;
  const worker = join(import.meta.dirname, "workers/load-memory.ts");
  await using child = openChild(process.execPath, [worker]);
  const { beforeMb, residentMb, peakMb } = await child.ask<
    Readonly<Record<"beforeMb" | "residentMb" | "peakMb", number>>
  >("load", { folder });
  return {
    weightsMb,
    resident: (residentMb - beforeMb) / weightsMb,
    peak: (peakMb - beforeMb) / weightsMb,
  };
}
