/** Random numbers that can be had again: the seed is printed, and `SEED` in the environment sets it. */
export interface Seeded {
  readonly seed: number;
  /** 0 ≤ next() < 1 */
  next(): number;
  /** 0 ≤ integer < n */
  below(n: number): number;
}

/** @param what is random, for the line that prints the seed */
export function seeded(what: string): Seeded {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  process.stdout.write(`${what}: SEED=${seed}\n`);
  let state = seed >>> 0;
  // mulberry32 (T. Ettinger, public domain)
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, below: (n) => Math.floor(next() * n) };
}
