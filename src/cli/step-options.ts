/** How a model is stepped towards an objective, whatever that is: the same options for each command that trains. */
import { Option } from "commander";
import { numberWithin, positiveNumber, wholeNumber } from "./command.ts";

/** New ones each time, since a command puts them under a heading of its own. */
export const rateOptions = (): readonly Option[] => [
  new Option("--chunk-size <n>", "texts in memory at once; the gradient is the same").argParser(
    wholeNumber(1),
  ),
  new Option("--learning-rate <x>", "the peak").argParser(positiveNumber),
  new Option("--warmup <x>", "share of the steps over which the rate rises").argParser(
    numberWithin(0, 1),
  ),
  new Option("--weight-decay <x>", "of AdamW").argParser(numberWithin(0)),
];

/** New ones each time, likewise. */
export const runOptions = (): readonly Option[] => [
  new Option("--evaluate-every <n>", "steps (default: once an epoch)").argParser(wholeNumber(1)),
  new Option("--seed <n>", "same seed, same model").argParser(wholeNumber(0)).default(42),
];
