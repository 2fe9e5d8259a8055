/** What a service says of its models and its cache. */
import type { Service } from "../service.ts";
import { gauge, type Metric, total } from "./metric.ts";

/** Of each model, by its first lane: one that takes another's name is another, and counts from 0. */
export function modelMetrics({ names }: Pick<Service, "names">): readonly Metric[] {
  const instances = [...names].flatMap(([name, { current, beside }]) =>
    [current, beside ?? []].flat().map((instance) => {
      const [lane] = instance.lanes.values();
      return { labels: { model: name, lane }, ...instance.requests };
    }),
  );
  return [
    total("nearfold_model_requests", "Requests that a model has answered, or failed", () =>
      instances.flatMap(({ labels, answered, failed }) => [
        [answered, { ...labels, outcome: "answered" }] as const,
        [failed, { ...labels, outcome: "failed" }] as const,
      ]),
    ),
    gauge("nearfold_model_unanswered", "Requests that a model has not answered yet", () =>
      instances.map(({ labels, unanswered }) => [unanswered, labels] as const),
    ),
    gauge("nearfold_model_share", "Share of the requests to its name that stand beside", () =>
      [...names].map(([model, { share }]) => [share, { model }] as const),
    ),
  ];
}

/** None without a cache. */
export function cacheMetrics({ cache }: Pick<Service, "cache">): readonly Metric[] {
  if (!cache) return [];
  const { hits, shared, misses } = cache.counts;
  return [
    total("nearfold_cache_inputs", "Inputs by where their vectors came from", () => [
      [hits, { result: "hit" }],
      [shared, { result: "shared" }],
      [misses, { result: "miss" }],
    ]),
    gauge("nearfold_cache_entries", "Vectors that the cache holds", () => [[cache.entries]]),
    gauge("nearfold_cache_bytes", "Bytes that the cache holds", () => [[cache.bytes]]),
  ];
}
