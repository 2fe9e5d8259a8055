/** The options of spans, which no request has unless they are asked for. */
import { Option } from "commander";
import { type LostSpans, openOtlpTracing, type Tracing } from "../serve/index.ts";
import { type Context, numberWithin } from "./command.ts";
import { packageVersion } from "./version.ts";

export interface SpanOptions {
  /** True without a URL. */
  readonly otlp?: string | true;
  readonly otlpShare: number;
}

export const spanOptions: readonly Option[] = [
  new Option(
    "--otlp [url]",
    "send OpenTelemetry spans to a collector, http://127.0.0.1:4318 (default: as OTEL_EXPORTER_OTLP_ENDPOINT says)",
  ),
  new Option("--otlp-share <share>", "share that is traced of the requests without a traceparent")
    .argParser(numberWithin(0, 1))
    .default(1),
];

/** A collector that is away is told of no more often. */
const LOST_EVERY_MS = 60_000;

/** Undefined where none are asked for: then nothing of them is loaded. @throws as `openOtlpTracing` */
export async function openSpans(
  { otlp, otlpShare }: SpanOptions,
  { report, now }: Pick<Context, "report" | "now">,
): Promise<Tracing | undefined> {
  if (otlp === undefined) return undefined;
  let lost = 0;
  let saidAt = Number.NEGATIVE_INFINITY;
  const onLost = ({ spans, cause }: LostSpans) => {
    lost += spans;
    if (now() - saidAt < LOST_EVERY_MS) return;
    const why = cause?.message || "no answer";
    report({ type: "note", text: `${lost} spans were not taken by the collector: ${why}` });
    lost = 0;
    saidAt = now();
  };
  return await openOtlpTracing({
    ...(otlp !== true && { url: otlp }),
    ...{ version: packageVersion(), share: otlpShare, onLost },
  });
}
