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
  const named = nameLoss(json, at);
  if (!named.needs.teacher) return named;
  throw new NearfoldError("unsupported", "data sets hold no vectors of a teacher", {
    at,
    got: named.text,
    wanted: lossNames.join(", "),
    hint: "`nearfold distill` learns from a teacher's vectors; `mine --scores` writes its scores, which margin-mse and distill-kl-div read",
  });
}

/** `--loss`: a name, or an object as a task file has it. @throws as `namedLoss`; bad-argument for what is not JSON */
export function lossOption(text: string): NamedLoss {
  const at = "--loss";
  return namedLoss(jsonOf(text, at), at);
}

/** The same for any loss, those that read a teacher's vectors too. @throws bad-argument */
export function parseNamedLoss(text: string, at: string): NamedLoss {
  return nameLoss(jsonOf(text, at), at);
}

function nameLoss(json: unknown, at: string): NamedLoss {
  const { name, loss, needs } = parseLoss(json, at);
  const text = typeof json === "string" ? json : JSON.stringify(json);
  if (!name.includes("matryoshka(")) return { text, needs, loss };
  const { dims = [] } = json as { readonly dims?: readonly number[] };
  return { text, needs, loss, prefixes: dims };
}

function jsonOf(text: string, at: string): unknown {
  if (!text.trim().startsWith("{")) return text.trim();
  try {
    return JSON.parse(text);
  } catch (cause) {
    const [got, wanted] = [text, '\'{"name": "contrastive", "margin": 0.5}\''];
    throw new NearfoldError("bad-argument", "not JSON", { at, got, wanted, cause });
  }
}

/** The loss with these widths of prefixes trained too, unless it has its own. @param dims the full width first */
export function withPrefixes(named: NamedLoss, dims: readonly number[]): NamedLoss {
  if (named.prefixes || dims.length < 2) return named;
  const text = `Matryoshka(${dims.join(", ")}) of ${named.text}`;
  return { ...named, text, loss: matryoshka(named.loss, dims), prefixes: dims };
}
