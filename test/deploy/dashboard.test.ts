/** The dashboard asks for what the server says: every query is PromQL, of metrics and labels that `/metrics` has. */
import { parser } from "@prometheus-io/lezer-promql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createHandler,
  createMetrics,
  openServedModel,
  startService,
} from "../../src/serve/index.ts";
import { texts, tinyBert } from "../tiny-models.ts";
import { type Manifest, readText } from "./manifests.ts";

const dashboard: Manifest = JSON.parse(await readText("deploy/grafana-dashboard.json"));
const panels: readonly Manifest[] = dashboard.panels;
const queries: readonly string[] = panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }: Manifest) => expr),
);

/** What Grafana puts in the place of its variables. */
const filled = (query: string) =>
  query.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*");

/** What Prometheus adds to each sample. */
const ADDED = ["instance", "job", "le"];

/** Names that a query uses, by the kind of their place in PromQL's grammar; "⚠" are places where it is none. */
function parseQuery(query: string) {
  const found = { metrics: [] as string[], labels: [] as string[], errors: [] as string[] };
  const text = filled(query);
  parser.parse(text).iterate({
    enter: (node) => {
      const word = text.slice(node.from, node.to);
      const isMetric = node.name === "Identifier" && node.matchContext(["VectorSelector"]);
      if (node.type.isError) found.errors.push(`${word || "an end"} at ${node.from}`);
      else if (isMetric) found.metrics.push(word);
      else if (node.name === "LabelName") found.labels.push(word);
    },
  });
  return found;
}

/** Every series of the server, without suffixes of Grafana's: names, and the labels of each. */
let series: Map<string, Set<string>>;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const model = stack.use(await openServedModel(tinyBert()));
  const metrics = createMetrics();
  const service = stack.use(
    await startService([model], { maxBatchTokens: 64, cacheBytes: 1e6, onBatch: metrics.batch }),
  );
  const handler = createHandler(service, { metrics, version: "1" });
  const words = texts.filter((text) => text !== "");
  for (const inputs of [words[0], words, []]) {
    await handler(
      new Request("http://x/embed", { method: "POST", body: JSON.stringify({ inputs }) }),
    );
  }
  const text = await (await handler(new Request("http://x/metrics"))).text();
  series = new Map(
    [...text.matchAll(/^# TYPE (?<name>\S+)/gm)].map(({ groups }) => [groups!.name, new Set()]),
  );
  for (const { groups } of text.matchAll(/^(?<name>\w+)(?:\{(?<labels>[^}]*)\})? \S+$/gm)) {
    const { name, labels = "" } = groups!;
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    const known = series.get(name) ?? new Set();
    series.set(name, new Set([...known, ...names]));
  }
});
afterAll(() => stack.disposeAsync());

test("there are queries, and each is PromQL", () => {
  expect(queries.length).toBeGreaterThan(30);
  for (const query of queries) {
    const { metrics, errors } = parseQuery(query);
    expect(errors, query).toEqual([]);
    expect(metrics.length, query).toBeGreaterThan(0);
  }
});

test("each asks for a series that the server has", () => {
  for (const query of queries) {
    const unknown = parseQuery(query).metrics.filter((name) => !series.has(name));
    expect(unknown, query).toEqual([]);
  }
});

test("each asks by labels that one of its series has", () => {
  for (const query of queries) {
    const { metrics, labels } = parseQuery(query);
    const known = new Set(metrics.flatMap((name) => [...(series.get(name) ?? [])]));
    const unknown = labels.filter((name) => !known.has(name) && !ADDED.includes(name));
    expect(unknown, query).toEqual([]);
  }
});

test.each([
  ["queue depth", "te_queue_size"],
  ["queue age", "nearfold_queue_age_seconds"],
  ["batch tokens", "te_batch_next_tokens_sum"],
  ["fill", "nearfold_batch_fill_sum"],
  ["tokenizing", "te_request_tokenization_duration_sum"],
  ["waiting", "te_request_queue_duration_sum"],
  ["running", "te_request_inference_duration_sum"],
  ["truncations", "nearfold_truncated_inputs"],
  ["rejections", "te_request_failure"],
  ["memory", "process_resident_memory_bytes"],
])("%s is shown", (_, name) => {
  expect(queries.some((query) => parseQuery(query).metrics.includes(name))).toBe(true);
});

describe("a query that is wrong is found", () => {
  test.each([
    ["sum(rate(te_request_success[5m])", /at \d/],
    ["sum by (class (te_queue_size)", /at \d/],
    ["te_queue_size{class=}", /at \d/],
  ])("%s", (query, wanted) => {
    expect(parseQuery(query).errors.join()).toMatch(wanted);
  });

  test("names and labels are read apart", () => {
    const query = 'sum by (class) (rate(a_bucket{le="1"}[$__rate_interval])) / b_count';
    expect(parseQuery(query)).toEqual({
      metrics: ["a_bucket", "b_count"],
      labels: ["class", "le"],
      errors: [],
    });
  });
});

test("panels have names and numbers of their own, and lie beside each other", () => {
  const ids = panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  const names = dashboard.templating.list.map(({ name }: Manifest) => name);
  const used = queries.join().match(/\$(?!__)\w+/g) ?? [];
  expect(used.filter((name) => !names.includes(name.slice(1)))).toEqual([]);
});
