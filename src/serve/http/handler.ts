/** A server as a function from requests to responses: no port, no socket. */
import { NearfoldError } from "../../errors.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ModelChanges } from "../models/model-changes.ts";
import { priorities } from "../queue/waiting.ts";
import type { Service } from "../service.ts";
import type { RequestTrace, Tracing } from "../tracing/request-trace.ts";
import { adminRoutes } from "./admin.ts";
import type { ApiKeys } from "./api-keys.ts";
import { asKnown, errorStyles, METHOD, NOT_ALLOWED } from "./errors.ts";
import { openAiRoutes } from "./openai.ts";
import { probeRoutes } from "./probes.ts";
import { readJsonBody } from "./read-body.ts";
import type { Call, RequestLimits, Route } from "./route.ts";
import { teiRoutes } from "./tei.ts";

export type Handler = (request: Request) => Promise<Response>;

/** What is said of a request: nothing of what is in it. */
export interface RequestReport {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** Absent where all went well. */
  readonly error?: NearfoldError;
  /** Of OpenTelemetry's trace, where there is one. */
  readonly traceId?: string;
}

export interface HandlerOptions extends Partial<RequestLimits> {
  readonly metrics: ServerMetrics;
  /** Of the program. */
  readonly version: string;
  /** @default everyone may ask */
  readonly keys?: ApiKeys;
  /** Where models may be changed, by whoever has a key of an administrator. @default nowhere */
  readonly changes?: ModelChanges;
  /** The origin whose pages may ask, or `*`. @default none */
  readonly corsOrigin?: string;
  readonly onRequest?: (report: RequestReport) => void;
  /** Where spans of requests go, but for those of probes. @default nowhere */
  readonly tracing?: Tracing;
}

/** Every route, by its path. */
export const routes: Readonly<Record<string, Route>> = {
  ...openAiRoutes,
  ...teiRoutes,
  ...probeRoutes,
  ...adminRoutes,
};

/** Says which class a request is in, where its key does not. */
const PRIORITY_HEADER = "x-nearfold-priority";

/** The routes of a service. A response is always given: what is thrown becomes one. */
export function createHandler(service: Service, options: HandlerOptions): Handler {
  const { metrics, keys, changes, corsOrigin, version, onRequest, tracing } = options;
  const { maxBodyBytes = 2_000_000, maxInputs = 2048 } = options;
  const limits: RequestLimits = { maxBodyBytes, maxInputs };
  const isManaged = changes !== undefined && keys?.hasAdmin === true;

  const answer = async (
    request: Request,
    route: Route,
    trace: RequestTrace | undefined,
  ): Promise<Response> => {
    const grant = (!route.open && keys?.check(request.headers.get("authorization"))) || {};
    if (route.admin && !grant.admin) throw notAllowed();
    const priority = grant.priority ?? priorityOf(request);
    const json = route.method === "POST" ? await readJsonBody(request, maxBodyBytes) : undefined;
    const call: Call = {
      ...{ service, metrics, limits, version, json },
      ...{ signal: request.signal },
      ...(priority && { priority }),
      ...(changes && { changes }),
      ...(trace && { trace }),
    };
    return route.answer(call);
  };

  return async (request) => {
    const start = performance.now();
    const { pathname: path } = new URL(request.url);
    const found = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const route = found?.admin && !isManaged ? undefined : found;
    const { method, headers } = request;
    const trace =
      route && !route.open ? tracing?.begin({ method, route: path, headers, start }) : undefined;
    let response: Response;
    let error: NearfoldError | undefined;
    try {
      response =
        corsOrigin !== undefined && request.method === "OPTIONS"
          ? preflight()
          : await answer(request, requireRoute(route, request, path), trace);
    } catch (thrown) {
      error = asKnown(thrown);
      response = errorStyles[route?.errors ?? "openai"](error);
    }
    if (corsOrigin !== undefined) response.headers.set("access-control-allow-origin", corsOrigin);
    const { status } = response;
    // A path that is not ours is not a label: there are endlessly many.
    metrics.answered({ route: route ? path : "other", status, ...(error && { code: error.code }) });
    const ms = performance.now() - start;
    trace?.end({ status, ...(error && { error }) });
    onRequest?.({
      ...{ method, path, status, ms },
      ...(error && { error }),
      ...(trace && { traceId: trace.traceId }),
    });
    return response;
  };
}

/** @throws not-found, bad-argument */
function requireRoute(route: Route | undefined, { method }: Request, path: string): Route {
  if (!route) {
    const there = Object.entries(routes).filter(([, { admin }]) => !admin);
    const wanted = there.map(([name]) => name).join(", ");
    throw new NearfoldError("not-found", "no such route", { got: path.slice(0, 80), wanted });
  }
  const found = method === "HEAD" ? "GET" : method;
  if (found === route.method) return route;
  const details = { got: method, wanted: route.method, cause: METHOD };
  throw new NearfoldError("bad-argument", "the route has another method", details);
}

function notAllowed(): NearfoldError {
  const [wanted, cause] = ["a key of an administrator", NOT_ALLOWED];
  return new NearfoldError("forbidden", "the API key does not allow this", { wanted, cause });
}

function priorityOf({ headers }: Request): Call["priority"] {
  const value = headers.get(PRIORITY_HEADER);
  if (value === null) return undefined;
  const found = priorities.find((priority) => priority === value);
  if (found) return found;
  const [at, wanted] = [PRIORITY_HEADER, `one of ${priorities.join(", ")}`];
  throw new NearfoldError("bad-argument", "no such class", { at, got: value.slice(0, 40), wanted });
}

function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": `authorization, content-type, ${PRIORITY_HEADER}`,
      "access-control-max-age": "600",
    },
  });
}
