/** Models changed while they are served: for keys of administrators alone, and not there without one. */
import { bug } from "../../errors.ts";
import type { Instance } from "../models/instance.ts";
import type { ModelChanges } from "../models/model-changes.ts";
import { bodyOf, booleanField, shareField, stringField, wrong } from "./fields.ts";
import { type Call, present, type Route } from "./route.ts";

/** `{"models": [{"name", "space", "current", "beside"?, "share"?}]}`: what stands under each name, and what it has had to do. */
function list({ service, changes }: Call): Response {
  const models = [...service.names].map(([name, { current, beside, share }]) => {
    const from = changes!.referencesOf(name);
    return {
      name,
      space: current.model.space.id,
      current: describe(current, from.current),
      ...(beside && { beside: describe(beside, from.beside), share }),
    };
  });
  return Response.json({ models });
}

function describe({ model, requests }: Instance, reference = "") {
  const { space, dims, dtype, created } = model;
  return { model: reference, space: space.id, dims, dtype, created, requests };
}

/** A route that changes something, and answers with the list as it is then. */
const change = (
  apply: (call: Call & { readonly changes: ModelChanges }) => Promise<void>,
): Route => ({
  method: "POST",
  errors: "openai",
  admin: true,
  answer: async (call) => {
    const { changes } = call;
    if (!changes) throw bug("a route of administrators was asked that is not there");
    await apply({ ...call, changes });
    return list(call);
  },
});

function required(call: Call, name: string): string {
  const found = stringField(bodyOf(call.json), name);
  if (found !== undefined && found !== "") return found;
  throw wrong(name, found, "a string");
}

export const adminRoutes: Readonly<Record<string, Route>> = {
  "/admin/models": { method: "GET", errors: "openai", admin: true, answer: list },
  "/admin/load": change(async (call) => {
    const body = bodyOf(call.json);
    const [name, share] = [stringField(body, "name"), shareField(body, "share")];
    await call.changes.load({ model: required(call, "model"), ...present({ name, share }) });
  }),
  "/admin/share": change(async (call) => {
    const share = shareField(bodyOf(call.json), "share");
    if (share === undefined) throw wrong("share", share, "a number from 0 to 1");
    await call.changes.setShare(required(call, "name"), share);
  }),
  "/admin/switch": change((call) => call.changes.promote(required(call, "name"))),
  "/admin/unload": change((call) => {
    const beside = booleanField(bodyOf(call.json), "beside") ?? false;
    const name = required(call, "name");
    return beside ? call.changes.unloadBeside(name) : call.changes.unload(name);
  }),
};
