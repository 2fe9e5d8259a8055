/** What images, clusters and units are told of the server is true of it: its options, routes, ports and times. */
import { existsSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { describe, expect, test } from "vitest";
import { serve } from "../../src/cli/serve.ts";
import { routes } from "../../src/serve/http/handler.ts";
import { createMetrics, openServedModel, startService } from "../../src/serve/index.ts";
import { kindOf, stores } from "../../src/stores/registry.ts";
import { tinyStatic } from "../tiny-models.ts";
import {
  instructionsOf,
  type Manifest,
  readManifests,
  readText,
  secondsOf,
  unitOf,
} from "./manifests.ts";

const root = join(import.meta.dirname, "../..");
const options = new Map(serve.options!.map((option) => [option.long!, option]));
const packageJson = JSON.parse(await readText("package.json"));
/** Seconds until a request that was let in is answered, one way or another. */
const DRAIN = (options.get("--timeout-ms")!.defaultValue as number) / 1000;

/** The options of a command line, which `serve` must have, with values that it takes. */
function typed([command, ...argv]: readonly string[]): ReadonlyMap<string, string> {
  expect(command).toBe("serve");
  const found = new Map<string, string>();
  for (let i = argv.findIndex((word) => word.startsWith("--")); i >= 0 && i < argv.length; i += 2) {
    const [name, value] = argv.slice(i, i + 2);
    const option = options.get(name);
    expect(option, `nearfold serve has ${name}`).toBeDefined();
    if (option!.argChoices) expect(option!.argChoices).toContain(value);
    else option!.parseArg?.(value, undefined);
    found.set(name, value);
  }
  return found;
}

const isProbe = (path: string) => Object.hasOwn(routes, path) && routes[path].open === true;

describe("Dockerfile", async () => {
  const instructions = instructionsOf(await readText("Dockerfile"));
  const all = (name: string) =>
    instructions.filter(([each]) => each === name).map(([, rest]) => rest);
  const last = (name: string) => all(name).at(-1)!;

  test("is of the Node that the project runs on, twice: what builds is left behind", () => {
    expect(all("FROM")).toEqual([`\${NODE} AS build`, `\${NODE}`]);
    expect(all("ARG")).toEqual([`NODE=node:${packageJson.devDependencies.node}-slim`]);
  });

  test("runs as another user than root, and the program that the package has", () => {
    const [user] = last("USER").split(":").map(Number);
    expect(user).toBeGreaterThan(0);
    expect(JSON.parse(last("ENTRYPOINT"))).toEqual(["node", `/app/${packageJson.bin.nearfold}`]);
  });

  test("says what the command understands, and asks itself where it listens", () => {
    const said = typed(JSON.parse(last("CMD")));
    expect(said.get("--host")).toBe("0.0.0.0");
    expect(last("EXPOSE")).toBe(said.get("--port"));
    const [, port, path] = /http:\/\/127\.0\.0\.1:(\d+)(\/\w+)/.exec(last("HEALTHCHECK"))!;
    expect(port).toBe(said.get("--port"));
    expect(isProbe(path)).toBe(true);
  });

  test("copies what is there, and .dockerignore lets it through", async () => {
    const sources = all("COPY")
      .filter((rest) => !rest.startsWith("--from="))
      .flatMap((rest) => rest.split(" ").slice(0, -1));
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const lines = (await readText(".dockerignore")).split("\n");
    const rules = lines.filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules[0]).toBe("*");
    expect(rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1))).toEqual(
      sources,
    );
    for (const rule of rules.slice(1).filter((rule) => !rule.startsWith("!"))) {
      expect(matchesGlob("src/serve/load/load.test.ts", rule)).toBe(true);
      expect(matchesGlob("src/cli/main.ts", rule)).toBe(false);
    }
  });
});

describe("Kubernetes", async () => {
  const manifests = await readManifests("deploy/kubernetes.yaml");
  const of = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;
  const { spec } = of("Deployment");
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const said = typed(container.args);
  const [port] = container.ports;

  test("the port is one: the command's, the container's, the service's, the probes', Prometheus'", () => {
    expect(said.get("--host")).toBe("0.0.0.0");
    expect(`${port.containerPort}`).toBe(said.get("--port"));
    expect(of("Service").spec.ports[0].targetPort).toBe(port.name);
    const { annotations } = spec.template.metadata;
    expect(annotations["prometheus.io/port"]).toBe(said.get("--port"));
    expect(isProbe(annotations["prometheus.io/path"])).toBe(true);
  });

  test.each([
    ["startupProbe", "/readyz"],
    ["readinessProbe", "/readyz"],
    ["livenessProbe", "/livez"],
  ])("%s asks %s", (probe, path) => {
    expect(container[probe].httpGet).toEqual({ path, port: port.name });
    expect(isProbe(path)).toBe(true);
  });

  test("what was let in is answered before it is killed", () => {
    const before = container.lifecycle.preStop.sleep.seconds;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(before + DRAIN + 5);
  });

  test("it has the cores that it takes, and none of root's rights", () => {
    const { limits, requests } = container.resources;
    expect(said.get("--threads")).toBe(limits.cpu);
    expect(requests.cpu).toBe(limits.cpu);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("the model lies in a volume that it has, which it may not write", () => {
    const [mount] = container.volumeMounts;
    expect(mount).toMatchObject({ name: pod.volumes[0].name, readOnly: true });
    expect(container.args[1].startsWith(`${mount.mountPath}/`)).toBe(true);
  });

  test("labels and names lead from one to the other", () => {
    const { labels } = spec.template.metadata;
    expect(labels).toMatchObject(spec.selector.matchLabels);
    expect(labels).toMatchObject(of("Service").spec.selector);
    expect(labels).toMatchObject(of("PodDisruptionBudget").spec.selector.matchLabels);
    const { name } = of("Deployment").metadata;
    expect(of("HorizontalPodAutoscaler").spec.scaleTargetRef).toMatchObject({ name });
    const [, version] = container.image.split(":");
    expect(version).toBe(packageJson.version);
  });

  test("it grows by a metric that the server has, and that the adapter brings", async () => {
    const [{ pods }] = of("HorizontalPodAutoscaler").spec.metrics;
    const [{ rules }] = await readManifests("deploy/prometheus-adapter.yaml");
    expect(rules.custom[0].seriesQuery).toMatch(new RegExp(`^${pods.metric.name}\\{`));
    await using model = await openServedModel(tinyStatic());
    await using service = await startService([model]);
    const [[label, value]] = Object.entries(pods.metric.selector.matchLabels);
    const text = createMetrics().expose(service);
    expect(text).toContain(`${pods.metric.name}{${label}="${value}"} 0\n`);
  });
});

test("compose: the port of the image, a tree that is not written, time to answer", async () => {
  const [{ services }] = await readManifests("deploy/compose.yaml");
  const { nearfold } = services;
  const [exposed] = instructionsOf(await readText("Dockerfile"))
    .filter(([name]) => name === "EXPOSE")
    .map(([, rest]) => rest);
  expect(nearfold.ports).toEqual([`127.0.0.1:${exposed}:${exposed}`]);
  expect(nearfold).toMatchObject({ read_only: true, restart: "always", build: ".." });
  expect(secondsOf(nearfold.stop_grace_period)).toBeGreaterThanOrEqual(DRAIN + 5);
  expect(nearfold.volumes[0]).toMatch(/:\/models\/model:ro$/);
});

test("compose of stores: servers of a pinned version, for this machine alone, whose data outlives them", async () => {
  const [{ services, volumes }] = await readManifests("deploy/stores.yaml");
  const references = (await readText("deploy/stores.yaml")).match(/\w+:\/\/[^']+(?=')/g) ?? [];
  expect(references.map((reference) => kindOf(reference))).toEqual([
    stores.postgres,
    stores.milvus,
  ]);
  const asked = references.map((reference) => `127.0.0.1:${new URL(reference).port}`);
  for (const [i, [name, service]] of Object.entries(services).entries()) {
    const { image, ports, volumes: mounts, restart } = service as Manifest;
    expect(image).toMatch(/^\w+\/\w+:v?\d+\.\d+\.\d+/);
    expect(ports).toEqual([`${asked[i]}:${new URL(references[i]).port}`]);
    expect(Object.keys(volumes)).toContain(mounts[0].split(":")[0]);
    expect(restart).toBe("always");
    expect(name).toBe(Object.keys(services)[i]);
  }
});

test("systemd: options that there are, HUP for another model, time to answer, again after a crash", async () => {
  const unit = unitOf(await readText("deploy/nearfold.service"));
  const one = (key: string) => unit.get(`Service.${key}`)?.[0] ?? "";
  const [node, main, ...argv] = one("ExecStart").split(" ");
  expect(node).toMatch(/^\/.*\/node$/);
  expect(main.endsWith(`/nearfold/${packageJson.bin.nearfold}`)).toBe(true);
  typed(argv);
  expect(one("ExecReload")).toContain("-HUP $MAINPID");
  expect(one("Restart")).toBe("always");
  expect(secondsOf(one("TimeoutStopSec"))).toBeGreaterThanOrEqual(DRAIN + 5);
});
