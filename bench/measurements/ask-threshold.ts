import {
  type MeasuredThreshold,
  type MeasureThresholdOptions,
  measureThreshold,
  type Rate,
  ratesAt,
  type ThresholdRates,
} from "../../src/apps/ask/threshold.ts";
import { readBeir, readTexts } from "../../src/data/index.ts";
import { openEncoder } from "../../src/encoder/index.ts";
import { bm25 } from "../../src/evaluate/index.ts";
import { sequence } from "../../src/graph/rng.ts";
import { miniLm } from "../../test/minilm.ts";
import { shared } from "../../test/shared.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

/** A question's best score among the documents that are there. */
type Scorer = (question: string, isThere: (id: string) => boolean) => number;

/** The best score of each question, by whether the index still answers it. */
interface Scores {
  readonly answerable: readonly number[];
  readonly unanswerable: readonly number[];
}

type Set = Awaited<ReturnType<typeof readScifact>>;

/** Half of the claims, drawn by a seed, lose all abstracts that answer them; so does, by chance, another: it counts as unanswerable. */
function bestScores({ queries, qrels }: Set, scorer: Scorer): Scores {
  const next = sequence(1);
  const relevant = (id: string) =>
    [...(qrels.get(id) ?? [])].flatMap(([document, grade]) => (grade > 0 ? [document] : []));
  const removed = new Set([...queries.keys()].filter(() => next() < 0.5).flatMap(relevant));
  const [answerable, unanswerable]: [number[], number[]] = [[], []];
  for (const [id, question] of queries) {
    const best = scorer(question, (document) => !removed.has(document));
    const left = relevant(id).filter((document) => !removed.has(document));
    (left.length > 0 ? answerable : unanswerable).push(best);
  }
  return { answerable, unanswerable };
}

const asked = (sets: readonly Set[]) => sets.flatMap(({ queries }) => [...queries.values()]);

/** MiniLM's cosines of questions with all abstracts. */
async function cosines(set: Set, questions: readonly string[]): Promise<Scorer> {
  await using encoder = await openEncoder(miniLm);
  const [ids, texts] = [[...set.documents.keys()], [...set.documents.values()]];
  const documents = (await encoder.encode(texts)).vectors;
  const { vectors, dims } = await encoder.encode(questions, { role: "query" });
  const numbers = new Map(questions.map((question, i) => [question, i]));
  return (question, isThere) => {
    const query = vectors.subarray(numbers.get(question)! * dims).subarray(0, dims);
    let best = -1;
    for (let row = 0; row < ids.length; row++) {
      if (!isThere(ids[row])) continue;
      let sum = 0;
      for (let i = 0; i < dims; i++) sum += query[i] * documents[row * dims + i];
      best = Math.max(best, sum);
    }
    return best;
  };
}

function keywords({ documents }: Set): Scorer {
  const index = bm25(documents);
  return (question, isThere) =>
    index.search(question, documents.size).find(({ id }) => isThere(id))?.score ?? 0;
}

const showRate = ({ share, low, high }: Rate) =>
  `${share.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
const show = ({ threshold, low, high }: MeasuredThreshold, rates: ThresholdRates) =>
  `${threshold.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]: ${showRate(rates.answered)} answered, ${showRate(rates.falselyAnswered)} falsely, J ${rates.j.toFixed(3)}`;

/** Questions about something else altogether: aeronautics and banking. */
async function offTopic(): Promise<readonly string[]> {
  const { queries } = await readBeir(shared("data/cranfield"), { split: "test" });
  const banking = await Array.fromAsync(readTexts(shared("data/banking77/test.jsonl")));
  return [...queries.values(), ...banking.slice(0, 300).map(({ text }) => text)];
}

/**
 * Thresholds are found on the train claims, half of which lost their abstracts; rates are of the test claims. The first figure is of questions off the subject, at the threshold that keeps
 * 95 % of the answerable claims.
 */
export const askThreshold: Measurement = {
  about:
    "ask: questions off SciFact's subject that reach the threshold which 95 % of its claims reach",
  unit: "of questions",
  better: "lower",
  targets: [10],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const sets = [await readScifact("train"), await readScifact("test")];
    const [train, test] = sets;
    const others = await offTopic();
    const details: Record<string, string | number> = {};
    const passing: number[] = [];
    for (const [name, scorer] of [
      ["cosine", await cosines(train, [...asked(sets), ...others])],
      ["BM25", keywords(train)],
    ] as const) {
      const [on, of] = [bestScores(train, scorer), bestScores(test, scorer)];
      const off = others.map((question) => scorer(question, () => true));
      details[`${name}, claims`] =
        `train ${on.answerable.length} + ${on.unanswerable.length}, test ${of.answerable.length} + ${of.unanswerable.length}`;
      for (const [rule, options] of Object.entries(rules)) {
        const chosen = measureThreshold(on.answerable, on.unanswerable, options);
        const { threshold } = chosen;
        const rates = ratesAt(threshold, of.answerable, of.unanswerable);
        const { falselyAnswered } = ratesAt(threshold, of.answerable, off);
        const found = `${show(chosen, rates)}; off the subject ${showRate(falselyAnswered)}`;
        details[`${name}, ${rule}`] = found;
        log(`${name}, ${rule}: ${found}`);
        if (rule === KEEPS) passing.push(falselyAnswered.share);
      }
    }
    const [ours, peer] = passing;
    return { ours: [ours], peers: [{ name: "BM25's best score", figures: [peer] }], details };
  },
};

const KEEPS = "95 % of the answerable";
const rules: Readonly<Record<string, MeasureThresholdOptions>> = {
  [KEEPS]: { minAnswered: 0.95 },
  "greatest J": {},
  "at most 10 % falsely": { maxFalselyAnswered: 0.1 },
};
