/** Groups of vectors: around centers, or where they lie densely; what they are about, and a map of them. */
export { type ChooseKOptions, type ChosenK, chooseK } from "./choose-k.ts";
export type { Selected } from "./condensed-tree.ts";
export { type DensityOptions, densityGroups } from "./density.ts";
export { type ClusterSummary, type DescribeOptions, describeClusters } from "./describe.ts";
export { type KMeans, type KMeansOptions, kMeans } from "./k-means.ts";
export { layOut, type PlaneOptions } from "./plane.ts";
