/** k-means beside scikit-learn's, on the same vectors of labelled texts, from the same number of starts. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kMeans } from "../src/apps/cluster/index.ts";
import { readJsonl } from "../src/data/index.ts";
import { openEncoder } from "../src/encoder/index.ts";
import { numberLabels, vMeasure } from "../src/evaluate/index.ts";
import { miniLm } from "../test/minilm.ts";
import { shared } from "../test/shared.ts";
import { mean, timed } from "./measure.ts";
import { findPython, notInstalled, openPeer } from "./peer.ts";
import type { Finding } from "./result.ts";

const SETS = {
  banking77: "banking77/test.jsonl",
  "stackoverflow-titles": "stackoverflow-titles/titles.jsonl",
} as const;

const SEEDS = [1, 2, 3, 4, 5];
const RESTARTS = 4;
const PEER = "scikit-learn's KMeans";

interface Labelled {
  readonly name: string;
  readonly vectors: Float32Array;
  readonly dims: number;
  readonly classes: Int32Array;
  readonly k: number;
}

/** A figure for each seed: the mean of the sets. */
export async function clusterAgainstPeer(log: (line: string) => void): Promise<Finding> {
  const sets: Labelled[] = [];
  for (const [name, path] of Object.entries(SETS)) sets.push(await encodeSet(name, path, log));
  const ours: Awaited<ReturnType<typeof ourScores>>[] = [];
  for (const set of sets) ours.push(await ourScores(set, log));
  const python = findPython();
  const peers = python ? await peerScores(python, sets, log) : undefined;
  const means = (scores: readonly (readonly number[])[]) =>
    SEEDS.map((_, seed) => mean(scores.map((of) => of[seed])));
  return {
    ours: means(ours.map(({ scores }) => scores)),
    peers: [
      peers
        ? { name: peers.name, figures: means(peers.found.map(({ scores }) => scores)) }
        : { name: notInstalled(PEER) },
    ],
    details: Object.fromEntries(
      sets.flatMap(({ name }, i) => [
        [`${name}: ours`, mean(ours[i].scores)],
        [`${name}: ours, s`, mean(ours[i].seconds)],
        ...(peers
          ? [
              [`${name}: peer`, mean(peers.found[i].scores)],
              [`${name}: peer, s`, mean(peers.found[i].seconds)],
            ]
          : []),
      ]),
    ),
  };
}

async function encodeSet(
  name: string,
  path: string,
  log: (line: string) => void,
): Promise<Labelled> {
  const parse = (value: unknown) => value as { readonly text: string; readonly label: string };
  const rows = await Array.fromAsync(readJsonl(shared("data", path), parse));
  log(`${name}: ${rows.length} texts are encoded`);
  await using encoder = await openEncoder(miniLm, { workers: 2 });
  const { vectors, dims } = await encoder.encode(rows.map(({ text }) => text));
  const classes = numberLabels(rows.map(({ label }) => String(label)));
  return { name, vectors, dims, classes, k: new Set(classes).size };
}

async function ourScores(
  { name, vectors, dims, classes, k }: Labelled,
  log: (line: string) => void,
) {
  const [scores, seconds]: [number[], number[]] = [[], []];
  for (const seed of SEEDS) {
    const made = await timed(() => kMeans(vectors, dims, { k, seed, restarts: RESTARTS }));
    scores.push(vMeasure(classes, made.result.labels).vMeasure);
    seconds.push(made.ms / 1000);
  }
  log(`${name}: ours ${scores.map((score) => score.toFixed(4)).join(", ")}`);
  return { scores, seconds };
}

/** The peer reads the vectors from a file. */
async function peerScores(python: string, sets: readonly Labelled[], log: (line: string) => void) {
  const folder = await mkdtemp(join(tmpdir(), "nearfold-cluster-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const child = stack.use(openPeer(python, "k_means.py"));
  const { name } = await child.ask<{ name: string }>("open");
  const found: { scores: readonly number[]; seconds: readonly number[] }[] = [];
  for (const { name: set, vectors, dims, classes, k } of sets) {
    const path = join(folder, `${set}.bin`);
    await writeFile(path, vectors);
    const [scores, seconds]: [number[], number[]] = [[], []];
    for (const seed of SEEDS) {
      const made = await child.ask<{ labels: number[]; ms: number }>("cluster", {
        ...{ path, dims, k, seed, restarts: RESTARTS },
      });
      scores.push(vMeasure(classes, made.labels).vMeasure);
      seconds.push(made.ms / 1000);
    }
    log(`${set}: the peer's ${scores.map((score) => score.toFixed(4)).join(", ")}`);
    found.push({ scores, seconds });
  }
  return { name, found };
}
