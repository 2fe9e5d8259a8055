import { alias } from "./alias.ts";
import { ask } from "./ask.ts";
import { bench } from "./bench.ts";
import { buildIndex } from "./build-index.ts";
import { cluster } from "./cluster.ts";
import type { CommandSpec } from "./command.ts";
import { compareIndexes } from "./compare-indexes.ts";
import { copy } from "./copy.ts";
import { dedupe } from "./dedupe.ts";
import { distill } from "./distill.ts";
import { doctor } from "./doctor.ts";
import { embed } from "./embed.ts";
import { evaluate } from "./eval.ts";
import { merge } from "./merge.ts";
import { migrate } from "./migrate.ts";
import { mine } from "./mine.ts";
import { plan } from "./plan.ts";
import { quantize } from "./quantize.ts";
import { recommend } from "./recommend.ts";
import { search } from "./search.ts";
import { serve } from "./serve.ts";
import { train } from "./train.ts";

/** Every command, in the order of a model's life. */
export const commands: Readonly<Record<string, CommandSpec>> = {
  train,
  mine,
  merge,
  distill,
  quantize,
  plan,
  eval: evaluate,
  embed,
  index: buildIndex,
  search,
  ask,
  copy,
  dedupe,
  cluster,
  recommend,
  compare: compareIndexes,
  migrate,
  alias,
  serve,
  bench,
  doctor,
};
