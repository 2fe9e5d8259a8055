/** What those ask who keep a server running, or write a client of it. */
import { NearfoldError } from "../../errors.ts";
import { openApiOf } from "./openapi.ts";
import type { Call, Route } from "./route.ts";

/** Whether it should get requests: its models can answer. text-embeddings-inference's `/health` means this. */
function ready({ service }: Call): Response {
  if (service.isReady) return new Response(null, { status: 200 });
  // Whoever is not ready gets no request that would open a session again.
  service.wake();
  throw new NearfoldError("io", "unhealthy");
}

/** Whether the process should be let live: it answers at all. */
function live(): Response {
  return new Response(null, { status: 200 });
}

function metrics({ metrics, service }: Call): Response {
  const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
  return new Response(metrics.expose(service), { headers });
}

function openApi(call: Call): Response {
  return Response.json(openApiOf(call));
}

export const probeRoutes: Readonly<Record<string, Route>> = {
  "/health": { method: "GET", errors: "tei", open: true, answer: ready },
  "/readyz": { method: "GET", errors: "tei", open: true, answer: ready },
  "/livez": { method: "GET", errors: "tei", open: true, answer: live },
  "/openapi.json": { method: "GET", errors: "tei", open: true, answer: openApi },
  "/metrics": { method: "GET", errors: "tei", open: true, answer: metrics },
};
