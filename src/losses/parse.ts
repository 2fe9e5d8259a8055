/** Losses as task files and command lines name them. */
import { NearfoldError } from "../errors.ts";
import type { Loss } from "./loss.ts";
import { joinNeeds, type Needs } from "./needs.ts";
import { checkOptions, isObject, show } from "./options.ts";
import {
  type LossEntry,
  type LossName,
  losses,
  type ModifierEntry,
  type ModifierName,
  modifiers,
} from "./registry.ts";

export interface ParsedLoss {
  /** As people write it: `contrastive`, `matryoshka(info-nce)`. */
  readonly name: string;
  readonly loss: Loss;
  /** What every row of its data must hold: `requireRow` checks one. */
  readonly needs: Needs;
}

/** Of a sum. With this, and no modifier inside itself, a hostile file names some hundred losses at most. */
const MOST_LOSSES = 16;

/**
 * A name, or an object of a name and the loss's options: `{"name": "contrastive", "margin": 0.5}`. A modifier has its loss under `loss`
 * (`sum` its list under `losses`): `{"name": "matryoshka", "loss": "cosent", "dims": [256, 64]}`.
 * @param at the file and place that the JSON is from
 * @throws bad-argument naming the loss and the option, what it is and what it may be
 */
export function parseLoss(json: unknown, at = "loss"): ParsedLoss {
  return parse(json, at, []);
}

/** @param around the modifiers that this loss is inside of */
function parse(json: unknown, at: string, around: readonly string[]): ParsedLoss {
  const { name, ...rest } = typeof json === "string" ? { name: json } : objectOf(json, at);
  if (
    typeof name !== "string" ||
    !(Object.hasOwn(losses, name) || Object.hasOwn(modifiers, name))
  ) {
    const wanted = [...Object.keys(losses), ...Object.keys(modifiers)].join(", ");
    throw new NearfoldError("bad-argument", "no such loss", { at, got: show(name), wanted });
  }
  const place = `${at}, ${name}`;
  if (Object.hasOwn(modifiers, name)) {
    return parseModifier(name as ModifierName, rest, place, around);
  }
  const { options, make, needs }: LossEntry = losses[name as LossName];
  checkOptions(rest, options, place);
  return { name, loss: make(rest as never), needs };
}

function parseModifier(
  name: ModifierName,
  rest: Readonly<Record<string, unknown>>,
  at: string,
  around: readonly string[],
): ParsedLoss {
  if (around.includes(name)) {
    const got = [...around, name].join(" around ");
    throw new NearfoldError("bad-argument", "a modifier inside itself", { at, got });
  }
  const entry: ModifierEntry = modifiers[name];
  const { [entry.inner]: within, ...options } = rest;
  checkOptions(options, entry.options, at);
  const inner = innerOf(entry, within, at).map((one) => parse(one, at, [...around, name]));
  const made = inner.map(({ loss }) => loss);
  const needs = inner.map((one) => one.needs);
  return {
    name: `${name}(${inner.map((one) => one.name).join(", ")})`,
    loss: entry.make(made, options as never),
    needs: joinNeeds(needs, at),
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
