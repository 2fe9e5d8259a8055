/**
 * The correction of in-batch negatives for popularity: popular items are drawn as negatives more often, which alone would push them down. A
 * score in the softmax is `s(u, i) − log q_i`, q the share of the batch's draws that are expected to be `i` (Yi et al. 2019,
 * "Sampling-bias-corrected neural modeling for large corpus item recommendations", eq. 3–5; here q is counted, not estimated).
 * @param draws how often each item is expected among the targets, `[I]`; 0 for what is never drawn
 */
export function logQ(draws: ArrayLike<number>): Float32Array {
  let total = 0;
  for (let i = 0; i < draws.length; i++) total += draws[i];
  return Float32Array.from(draws, (count) => Math.log(count / total));
}
