/* Looked up once: these run a million times for one chain, and a global costs a look-up through the test's context. */
const { imul, sqrt } = Math;

/** Spreads the bits of a 32-bit number (the finish of murmur3). */
function finish(bits: number): number {
  let h = bits ^ (bits >>> 16);
  h = imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32-bit hash of a list of words and numbers (FNV-1a with a finish): the seed of everything below. */
export function hash32(...parts: (string | number)[]): number {
  let h = 0x811c9dc5;
  for (const ch of parts.join('\u0001')) {
    h ^= ch.codePointAt(0) ?? 0;
    h = imul(h, 0x01000193);
  }
  return finish(h);
}

/** A number in [0, 1) that depends on a seed and a place only. */
export function noiseAt(seed: number, place: number): number {
  return finish(seed ^ imul(place + 1, 0x9e3779b1)) / 4_294_967_296;
}

/** A stream of numbers that depends on its seed only. */
export class Random {
  private state: number;

  constructor(...seed: (string | number)[]) {
    this.state = hash32(...seed);
  }

  /** Uniform in [0, 1): mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = imul(t ^ (t >>> 15), t | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** About standard normal: four uniforms, cut at ±3.5. */
  gauss(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * sqrt(3);
  }

  /** +1 or −1, the first with probability `p`. */
  sign(p = 0.5): 1 | -1 {
    return this.next() < p ? 1 : -1;
  }
}

/** 0 before 0, 1 after 1, smooth between. */
export function smoothStep(x: number): number {
  if (x <= 0) return 0;
  return x >= 1 ? 1 : x * x * (3 - 2 * x);
}
