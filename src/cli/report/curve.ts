/** A long, noisy series made fit for a chart. */

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/**
 * A centred moving average, taken twice, so that near points weigh more than far ones. It does not lag behind as an
 * exponential average does.
 * @param share of the series' length that one average spans. @default 0.05
 */
export function smooth(points: readonly CurvePoint[], share = 0.05): readonly CurvePoint[] {
  const half = Math.floor((points.length * share) / 2);
  const values = average(
    average(
      Float64Array.from(points, ({ y }) => y),
      half,
    ),
    half,
  );
  return points.map(({ x }, i) => ({ x, y: values[i] }));
}

/**
 * At the beginning, where a loss falls steeply, the window shrinks to stay centred. At the end, where it is flat and its
 * last value is read off, the window keeps what is behind it, or that value would be one batch's noise.
 */
function average(values: Float64Array, half: number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, i) => {
    sums[i + 1] = sums[i] + value;
  });
  return values.map((_, i) => {
    const start = i - Math.min(half, i);
    const end = Math.min(i + (i - start), values.length - 1) + 1;
    return (sums[end] - sums[start]) / (end - start);
  });
}

/** At most `limit` points or so with the same outline: the lowest and the highest of each stretch, in order. */
export function thin(points: readonly CurvePoint[], limit: number): readonly CurvePoint[] {
  if (points.length <= limit) return points;
  const stretch = Math.ceil((2 * points.length) / limit);
  const kept: CurvePoint[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(start, start + stretch);
    const low = part.reduce((a, b) => (b.y < a.y ? b : a));
    const high = part.reduce((a, b) => (b.y > a.y ? b : a));
    kept.push(...[...new Set([low, high])].sort((a, b) => a.x - b.x));
  }
  return kept;
}

/** `count` of them, evenly apart, the first and the last among them. */
export function spread<T>(values: readonly T[], count: number): readonly T[] {
  if (values.length <= count) return values;
  return Array.from(
    { length: count },
    (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))],
  );
}
