/** `modules.json`: the modules of sentence-transformers that a text goes through, which may differ by its role. */
import { join, posix } from "node:path";
import { NearfoldError } from "../errors.ts";
import { isJsonObject, type JsonObject, readJson, readJsonObject, show } from "./json-file.ts";
import type { Role } from "./model.ts";

export interface Module {
  /** Its class in sentence-transformers, or for anybody else's, its full name. */
  readonly type: string;
  /** Its folder inside the model's. */
  readonly path: string;
}

export type Chain = readonly [first: Module, ...rest: Module[]];

/** Orders of modules that are understood. */
const known =
  /^(Transformer( Pooling( (Normalize|Dense|LayerNorm))*)?|StaticEmbedding( (Normalize|Dense|LayerNorm))*)$/;
/** `Asym` is what Router was called before 5.0. */
const routers = ["Router", "Asym"];
/** The file of a router's settings, and where releases before 5.0 wrote them. */
const routerFiles = ["router_config.json", "config.json"];
/** Names that routes have, besides those of our roles. */
const otherNames: Readonly<Record<Role, readonly string[]>> = {
  query: [],
  document: ["doc", "passage", "corpus"],
};

/**
 * The modules of each role, routers resolved; a folder without `modules.json` is a bare transformer, which sentence-transformers pools by mean.
 * @throws bad-input, mismatch where a router has no route for a role; unsupported naming modules that are none of ours
 */
export async function readChains(folder: string): Promise<Readonly<Record<Role, Chain>>> {
  const at = join(folder, "modules.json");
  const json = await readJson(at);
  if (json === undefined) {
    const bare: Chain = [{ type: "Transformer", path: "" }];
    return { query: bare, document: bare };
  }
  const modules = parseModules(json, at);
  const chain = async (role: Role) => {
    const parts = modules.map((module) =>
      routers.includes(module.type) ? readRoute(folder, module, role) : [module],
    );
    return checkChain((await Promise.all(parts)).flat(), at);
  };
  return { query: await chain("query"), document: await chain("document") };
}

function parseModules(json: unknown, at: string): readonly Module[] {
  const entries = Array.isArray(json) ? json : [];
  const modules = entries
    .filter(isJsonObject)
    .map(({ type, path }) => toModule(asText(type), asText(path), at));
  if (modules.length > 0) return modules;
  const wanted = "a list of modules with type and path";
  throw new NearfoldError("bad-input", "no modules", { at, got: show(json), wanted });
}

function toModule(type: string, path: string, at: string): Module {
  if (/^[\\/]|:|\0|(^|[\\/])\.\.([\\/]|$)/.test(path)) {
    const got = show(path);
    throw new NearfoldError("bad-input", "a module lies outside the folder", { at, got });
  }
  const [library, ...rest] = type.split(".");
  return { type: library === "sentence_transformers" ? (rest.at(-1) ?? "") : type, path };
}

function checkChain(modules: readonly Module[], at: string): Chain {
  const order = modules.map(({ type }) => type).join(" ");
  if (known.test(order)) return modules as unknown as Chain;
  throw new NearfoldError("unsupported", "modules that cannot be read", {
    at,
    got: show(order),
    wanted:
      "Transformer Pooling, or StaticEmbedding; Dense, LayerNorm and Normalize may follow; a Router may choose between such",
  });
}

/** The modules of a role's route. */
async function readRoute(folder: string, { path }: Module, role: Role): Promise<Module[]> {
  const home = join(folder, path);
  for (const file of routerFiles) {
    const at = join(home, file);
    const json = await readJsonObject(at);
    if (!json) continue;
    const types = isJsonObject(json.types) ? json.types : {};
    return routeOf(json, role, at).map((id) =>
      toModule(asText(own(types, id)), posix.join(path, id), at),
    );
  }
  const at = join(home, routerFiles[0]);
  throw new NearfoldError("not-found", "modules.json names a router", { at });
}

/** The ids of its modules: which route is taken for a task is sentence-transformers' (modules/router.py, `_resolve_route_name`). */
function routeOf(json: JsonObject, role: Role, at: string): readonly string[] {
  const structure = isJsonObject(json.structure) ? json.structure : {};
  const parameters = isJsonObject(json.parameters) ? json.parameters : {};
  const mappings = isJsonObject(parameters.route_mappings) ? parameters.route_mappings : {};
  // Python's tuples of task and modality, as text.
  const keys = [`('${role}', 'text')`, `('${role}', None)`, "(None, 'text')", "(None, None)"];
  const mapped = keys.map((key) => asText(own(mappings, key))).find((name) => name !== "");
  const names = [role, ...otherNames[role], "text", asText(parameters.default_route)];
  const name = mapped ?? names.find((name) => Object.hasOwn(structure, name));
  const route = name === undefined ? undefined : own(structure, name);
  if (!Array.isArray(route) || route.length === 0) {
    throw new NearfoldError("mismatch", "the router has no route for a role", {
      at,
      got: `routes ${show(Object.keys(structure))}`,
      wanted: role,
    });
  }
  return route.map((id) => {
    const wanted = "the names of its modules' folders";
    // A folder's name within the router's: `join` must not lead out of it.
    if (typeof id === "string" && id !== "" && !/[\\/:\0]|^\.\.?$/.test(id)) return id;
    throw new NearfoldError("bad-input", "a route is malformed", { at, got: show(route), wanted });
  });
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
