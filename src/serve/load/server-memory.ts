/** Memory of the server under load, as it says itself. */

/** Its resident memory in MB, from Prometheus' `process_resident_memory_bytes` at `/metrics`; undefined where it says nothing of the kind. */
export async function serverMemoryMb(
  url: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const response = await fetch(new URL("/metrics", url), signal ? { signal } : {});
    const text = await response.text();
    const bytes = /^process_resident_memory_bytes(?:\{[^}]*\})? (?<bytes>[\d.e+]+)/m.exec(text);
    return response.ok && bytes ? Number(bytes.groups!.bytes) / 1e6 : undefined;
  } catch {
    return undefined;
  }
}
