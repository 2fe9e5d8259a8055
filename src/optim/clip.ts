/** The L2 norm of all gradients together. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let total = 0;
  for (const gradient of gradients) {
    total += sumOfSquares(gradient);
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

/** Four sums at a time: one alone would wait for itself at every addition. */
function sumOfSquares(x: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += x[i] * x[i];
    b += x[i + 1] * x[i + 1];
    c += x[i + 2] * x[i + 2];
    d += x[i + 3] * x[i + 3];
  }
  for (let i = whole; i < x.length; i++) a += x[i] * x[i];
  return a + b + (c + d);
}
