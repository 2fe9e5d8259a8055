/** The L2 norm of all gradients together. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let total = 0;
  for (const gradient of gradients) {
    let sum = 0;
    for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
    total += sum;
  }
  return Math.sqrt(total);
}

/**
 * Scales gradients in place so that their global norm is at most `limit`, as torch.nn.utils.clip_grad_norm_ does.
 * Returns the norm before.
 */
export function clipGlobalNorm(gradients: readonly Float32Array[], limit: number): number {
  const norm = globalNorm(gradients);
  const factor = limit / (norm + 1e-6);
  if (factor < 1) {
    for (const gradient of gradients)
      for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
  }
  return norm;
}
