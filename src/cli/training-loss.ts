/** What training compares texts by, as a person names it. */
import { NearfoldError } from "../errors.ts";
import {
  type Loss,
  losses,
  matryoshka,
  modifiers,
  type Needs,
  parseLoss,
} from "../losses/index.ts";
import { defaultLoss } from "../train/index.ts";

/** A loss that data sets can be trained by. */
export interface NamedLoss {
  /** For the model's card. */
  readonly text: string;
  readonly needs: Needs;
  readonly loss: Loss;
  /** The widths that it trains prefixes for itself. @default none: they can be put around it */
  readonly prefixes?: readonly number[];
}

/** What the rows of a data set hold that names no loss. */
export const pairNeeds: Needs = losses["info-nce"].needs;

/** For `--help`: all losses that read what a row can hold, and what may be put around them. */
export const lossNames = [
  ...Object.entries<{ readonly needs: Needs }>(losses).flatMap(([name, { needs }]) =>
    needs.teacher ? [] : [name],
  ),
  ...Object.keys(modifiers),
];

/** InfoNCE in both directions. */
export function symmetricInfoNce(temperature: number): NamedLoss {
  const text = `InfoNCE, symmetric, temperature ${temperature}`;
  return { text, needs: pairNeeds, loss: defaultLoss(temperature) };
}

/** @throws bad-argument as `parseLoss`; unsupported for one that learns from another model's vectors */
export function namedLoss(json: unknown, at: string): NamedLoss {
  const { name, loss, needs } = parseLoss(json, at);
  if (needs.teacher) {
    throw new NearfoldError("unsupported", "data sets hold no vectors of a teacher", {
      at,
      got: name,
      wanted: lossNames.join(", "),
      hint: "`mine --scores` writes a teacher's scores, which margin-mse and distill-kl-div read",
    });
  }
  const text = typeof json === "string" ? json : JSON.stringify(json);
  if (!name.includes("matryoshka(")) return { text, needs, loss };
  const { dims = [] } = json as { readonly dims?: readonly number[] };
  return { text, needs, loss, prefixes: dims };
}

/** `--loss`: a name, or an object as a task file has it. @throws as `namedLoss`; bad-argument for what is not JSON */
export function lossOption(text: string): NamedLoss {
  const at = "--loss";
  if (!text.trim().startsWith("{")) return namedLoss(text.trim(), at);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const [got, wanted] = [text, '\'{"name": "contrastive", "margin": 0.5}\''];
    throw new NearfoldError("bad-argument", "not JSON", { at, got, wanted, cause });
  }
  return namedLoss(json, at);
}

/** The loss with these widths of prefixes trained too, unless it has its own. @param dims the full width first */
export function withPrefixes(named: NamedLoss, dims: readonly number[]): NamedLoss {
  if (named.prefixes || dims.length < 2) return named;
  const text = `Matryoshka(${dims.join(", ")}) of ${named.text}`;
  return { ...named, text, loss: matryoshka(named.loss, dims), prefixes: dims };
}
