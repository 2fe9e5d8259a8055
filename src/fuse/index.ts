/** Graphs that only serve, in fewer passes. */
export { fuse } from "./fuse.ts";
