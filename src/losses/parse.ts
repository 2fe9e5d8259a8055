/** Losses as task files and command lines name them. */
import { NearfoldError } from "../errors.ts";
import type { Loss } from "./loss.ts";
import { joinNeeds, type Needs } from "./needs.ts";
import { checkOptions, isObject, show } from "./options.ts";
import { type LossEntry, losses, type ModifierEntry, modifiers } from "./registry.ts";

export interface ParsedLoss {
  /** As people write it: `contrastive`, `matryoshka(info-nce)`. */
  readonly name: string;
  readonly loss: Loss;
  /** What every row of its data must hold: `requireRow` checks one. */
  readonly needs: Needs;
}

/** Modifiers around modifiers, and losses of a sum: enough for any use, few enough for a hostile file. */
const MOST_DEEP = 4;
const MOST_LOSSES = 16;

/**
 * A name, or an object of a name and the loss's options: `{"name": "contrastive", "margin": 0.5}`. A modifier has its loss under `loss`
 * (`sum` its list under `losses`): `{"name": "matryoshka", "loss": "cosent", "dims": [256, 64]}`.
 * @param at the file and place that the JSON is from
 * @throws bad-argument naming the loss and the option, what it is and what it may be
 */
export function parseLoss(json: unknown, at = "loss"): ParsedLoss {
  return parse(json, at, 0);
}

function parse(json: unknown, at: string, depth: number): ParsedLoss {
  const { name, ...rest } = typeof json === "string" ? { name: json } : objectOf(json, at);
  const plain = find<LossEntry>(losses, name);
  if (plain) {
    const place = `${at}, ${name}`;
    checkOptions(rest, plain.options, place);
    return { name: name as string, loss: plain.make(rest as never), needs: plain.needs };
  }
  const modifier = find<ModifierEntry>(modifiers, name);
  if (!modifier) {
    const wanted = [...Object.keys(losses), ...Object.keys(modifiers)].join(", ");
    throw new NearfoldError("bad-argument", "no such loss", { at, got: show(name), wanted });
  }
  const place = `${at}, ${name}`;
  if (depth === MOST_DEEP) {
    const wanted = `at most ${MOST_DEEP} deep`;
    throw new NearfoldError("bad-argument", "modifiers within modifiers", { at: place, wanted });
  }
  const { [modifier.inner]: within, ...options } = rest as Record<string, unknown>;
  checkOptions(options, modifier.options, place);
  const inner = innerOf(modifier, within, place).map((one) => parse(one, place, depth + 1));
  return {
    name: `${name}(${inner.map((one) => one.name).join(", ")})`,
    loss: modifier.make(
      inner.map(({ loss }) => loss),
      options as never,
    ),
    needs: joinNeeds(
      inner.map(({ needs }) => needs),
      place,
    ),
  };
}

function innerOf({ inner }: ModifierEntry, within: unknown, at: string): readonly unknown[] {
  if (inner === "loss" && within !== undefined) return [within];
  const fits = Array.isArray(within) && within.length > 0 && within.length <= MOST_LOSSES;
  if (inner === "losses" && fits) return within;
  throw new NearfoldError("bad-argument", `no usable "${inner}"`, {
    at,
    got: within === undefined ? "nothing" : show(within),
    wanted: inner === "loss" ? "a loss" : `a list of 1 to ${MOST_LOSSES} losses`,
  });
}

function objectOf(json: unknown, at: string): Readonly<Record<string, unknown>> {
  if (isObject(json)) return json;
  throw new NearfoldError("bad-argument", "no loss", {
    at,
    got: show(json),
    wanted: 'a name, or {"name": …} with options',
  });
}

function find<E>(table: Readonly<Record<string, E>>, name: unknown): E | undefined {
  return typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;
}
