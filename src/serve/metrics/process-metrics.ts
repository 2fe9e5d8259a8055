/** What the process takes, under the names that Prometheus' own clients have for it (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). */
import { gauge, type Metric, total } from "./metric.ts";

export function processMetrics(): readonly Metric[] {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const [cpuSeconds, loopSeconds] = [
    (user + system) / 1e6,
    performance.eventLoopUtilization().active / 1000,
  ];
  return [
    gauge("process_resident_memory_bytes", "Resident memory", () => [[rss]]),
    total("process_cpu_seconds_total", "Seconds of CPU time", () => [[cpuSeconds]]),
    gauge("process_uptime_seconds", "Seconds since the process began", () => [[process.uptime()]]),
    gauge("nodejs_heap_size_used_bytes", "Memory of JavaScript's objects", () => [[heapUsed]]),
    gauge("nodejs_external_memory_bytes", "Memory of their buffers", () => [[external]]),
    total(
      "nodejs_event_loop_active_seconds_total",
      "Seconds in which the event loop, which the protocols share, was not idle",
      () => [[loopSeconds]],
    ),
  ];
}
