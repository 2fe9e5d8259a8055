/** A trainer's events as progress. */
import type { TrainEvent } from "../train/index.ts";
import { formatSeconds, type ProgressEvent } from "./progress.ts";

/** What a person sees of an event; programs get all of it as `data`. */
export function toProgress(event: TrainEvent): ProgressEvent {
  if (event.type === "step") {
    const { step, totalSteps, secondsLeft, loss } = event;
    return {
      type: "progress",
      task: "training",
      unit: "steps",
      done: step,
      total: totalSteps,
      secondsLeft,
      figure: `loss ${loss.toFixed(3)}`,
      data: event,
    };
  }
  return { type: "note", text: describe(event), data: event };
}

function describe(event: Exclude<TrainEvent, { type: "step" }>): string {
  switch (event.type) {
    case "preflight": {
      const { pairs, columns, distinctTexts, truncatedShare, duplicatePairs } = event;
      const { parameters, modelParameters } = event;
      const { totalSteps, resumedFrom, expectedSeconds, memoryMb } = event;
      const trained = parameters === modelParameters ? "" : `${millions(parameters)} of `;
      const facts = [
        `${pairs} ${columns > 1 ? "pairs" : "rows"}`,
        ...(duplicatePairs > 0 ? [`${duplicatePairs} of them duplicates`] : []),
        `${distinctTexts} texts, ${(100 * truncatedShare).toFixed(1)} % of them cut`,
        `${trained}${millions(modelParameters)} parameters`,
        `${totalSteps} steps${resumedFrom > 0 ? `, from ${resumedFrom} on` : ""}`,
        `about ${formatSeconds(expectedSeconds)}, ${Math.round(memoryMb)} MB`,
      ];
      return facts.join(", ");
    }
    case "evaluation": {
      const figures = Object.entries(event.metrics).map(([name, v]) => `${name} ${v.toFixed(4)}`);
      return `step ${event.step}: ${figures.join(", ")}${event.best ? " (best so far)" : ""}`;
    }
    case "checkpoint":
      return `step ${event.step}: saved in ${event.folder}`;
    case "done":
      return `${event.steps} steps in ${formatSeconds(event.seconds)}${event.stoppedEarly ? ", stopped early" : ""}; kept step ${event.bestStep}`;
  }
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count < 1e6 ? 3 : 1)} M`;
}
