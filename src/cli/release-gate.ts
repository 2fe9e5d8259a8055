/** The release gate in words: what was tested, what was found and what was wanted. */
import { NearfoldError } from "../errors.ts";
import { judgeKept } from "../evaluate/index.ts";
import type { Compared, Named, Two } from "./compared.ts";

/** A decision: for programs, for people, and as an error where the model is stopped. */
interface Gate {
  readonly json: object;
  readonly text?: string;
  readonly unmet?: NearfoldError;
}

/** In percent, of the interval that decides. */
const CONFIDENCE = 95;

/**
 * Whether the share of the baseline's quality that is required is kept (`judgeKept`).
 * @throws bad-input where the baseline has none
 */
export function releaseGate(
  compared: Compared,
  { ours, baseline }: Two<Named>,
  required: number,
): Gate {
  const { headline, comparisons, samples, drawn } = compared;
  const [key, name] = headline;
  const { kept, baseline: theirs, ours: found } = comparisons[key];
  if (!(theirs.mean > 0)) {
    throw new NearfoldError(
      "bad-input",
      "the baseline has nothing of which a share could be kept",
      {
        at: baseline.reference,
        got: `${name} ${theirs.mean.toFixed(4)}`,
        wanted: "more than 0",
      },
    );
  }
  const verdict = judgeKept(kept, required);
  const test = `one-sided ${CONFIDENCE} % interval of the ratio, paired bootstrap of ${samples} resamples of ${drawn}`;
  const json = { measure: key, required, kept: kept.mean, atMost: kept.atMost, test, verdict };
  const share = kept.mean.toFixed(4);
  const scores = `${found.mean.toFixed(4)} of ${theirs.mean.toFixed(4)}`;
  const most = Number.isFinite(kept.atMost) ? `at most ${kept.atMost.toFixed(4)}` : "any share";
  const passed = {
    met: `${name}: ${share} of the baseline's is kept (${scores}), at least ${required} is required: met`,
    "not-proven": `warning: ${name}: ${share} of the baseline's is kept (${scores}), at least ${required} is required: not proven. By the ${test}, ${most} is kept, so chance may be why; more rows would tell`,
  };
  if (verdict !== "fell") return { json, text: passed[verdict] };
  const unmet = new NearfoldError("unmet", `${name} fell by more than chance`, {
    at: ours.reference,
    got: `${share} of the baseline's (${scores}), and ${most} with ${CONFIDENCE} % confidence`,
    wanted: `at least ${required}`,
    hint: `Tested by the ${test}`,
  });
  return { json, unmet };
}
