/** Counters, gauges and histograms in Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */

export type Labels = Readonly<Record<string, string>>;

/** What is shown of one metric: its comment lines and its samples. */
export interface Metric {
  expose(): string;
}

export interface Counter extends Metric {
  add(amount?: number, labels?: Labels): void;
}

export interface Histogram extends Metric {
  observe(value: number, labels?: Labels): void;
}

/** A count that only grows. */
export function counter(name: string, help: string): Counter {
  const counts = new Map<string, number>();
  return {
    add: (amount = 1, labels = {}) => {
      const key = written(labels);
      counts.set(key, (counts.get(key) ?? 0) + amount);
    },
    expose: () =>
      described(
        { name, help, type: "counter" },
        [...counts].map(([labels, count]) => `${name}${labels} ${count}`),
      ),
  };
}

/** Values, each of some labels. */
export type Read = () => readonly (readonly [value: number, labels?: Labels])[];

/** A figure that is asked for when it is shown. */
export function gauge(name: string, help: string, read: Read): Metric {
  return asked({ name, help, type: "gauge" }, read);
}

/** A count that somebody else keeps, and that is asked for when it is shown. */
export function total(name: string, help: string, read: Read): Metric {
  return asked({ name, help, type: "counter" }, read);
}

function asked(about: Description, read: Read): Metric {
  return {
    expose: () =>
      described(
        about,
        read().map(([value, labels = {}]) => `${about.name}${written(labels)} ${value}`),
      ),
  };
}

/** How often a value was at most so much, for each bound. */
export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const series = new Map<string, { readonly labels: Labels; counts: number[]; sum: number }>();
  return {
    observe: (value, labels = {}) => {
      const key = written(labels);
      let found = series.get(key);
      if (!found) {
        found = { labels, counts: new Array(bounds.length + 1).fill(0), sum: 0 };
        series.set(key, found);
      }
      const place = bounds.findIndex((bound) => value <= bound);
      found.counts[place < 0 ? bounds.length : place]++;
      found.sum += value;
    },
    expose: () =>
      described(
        { name, help, type: "histogram" },
        [...series.values()].flatMap(({ labels, counts, sum }) => {
          let count = 0;
          const buckets = [...bounds, "+Inf"].map((le, i) => {
            count += counts[i];
            return `${name}_bucket${written({ ...labels, le: `${le}` })} ${count}`;
          });
          const suffix = written(labels);
          return [...buckets, `${name}_sum${suffix} ${sum}`, `${name}_count${suffix} ${count}`];
        }),
      ),
  };
}

/** Bounds from `first`, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((first * factor ** i).toPrecision(3)));
}

/** `{a="b"}`, or nothing where there are no labels. */
function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

interface Description {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
}

function described({ name, help, type }: Description, samples: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ""].join("\n");
}
