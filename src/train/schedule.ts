/** Schedules of the learning rate. */

/** Rises linearly over `warmUp` steps, then falls along a cosine to `last` at step `steps` (Loshchilov and Hutter, arXiv 1608.03983). Steps count from 1. */
export function cosine({ rate, steps, warmUp = 0, last = 0 }: { rate: number; steps: number; warmUp?: number; last?: number }) {
  return (step: number): number => {
    if (step <= warmUp) return (rate * step) / warmUp;
    const progress = Math.min(1, (step - warmUp) / Math.max(1, steps - warmUp));
    return last + ((rate - last) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}
