import { clusterAgainstPeer } from "../clustering.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

export const cluster: Measurement = {
  about:
    "V-measure of spherical k-means with the true number of groups on MiniLM's vectors of banking77 and stackoverflow-titles, beside scikit-learn's KMeans: the mean of both",
  unit: "V-measure",
  better: "higher",
  targets: [0.99],
  missing: needs("data", "miniLm"),
  run: clusterAgainstPeer,
};
