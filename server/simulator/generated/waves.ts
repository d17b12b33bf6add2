import { Random, smoothStep } from './random.js';
import type { SpotPath } from './spot-path.js';

const { exp, round, max, floor } = Math;

/** One build-up (or unwinding) of positions around a strike: a smooth step in the logarithm of OI. */
interface Wave {
  side: 'CE' | 'PE';
  /** Minute of the session it starts and how many it lasts. */
  start: number;
  length: number;
  /** Strike it is centred on and how far it reaches, rupees. */
  centre: number;
  width: number;
  /** Change of log OI at the centre. */
  size: number;
}

const PER_HOUR = 6;

function wave(random: Random, path: SpotPath, step: number): Wave {
  const start = floor(random.between(-20, path.minutes));
  const length = round(4 + 38 * random.next() ** 2);
  const spot = path.prices[max(0, start)] ?? path.previousClose;
  const side = random.next() < 0.5 ? 'CE' : 'PE';
  const lean = side === 'CE' ? 1 : -1;
  return {
    ...{ side, start, length, size: random.between(0.04, 0.24) * random.sign(0.62) },
    centre: spot + step * (lean * 1.2 + 2.8 * random.gauss()),
    width: step * random.between(0.7, 2.2),
  };
}

/** Half of the waves are undone later: positions of the day, closed within the hour. */
function unwound(random: Random, w: Wave): Wave[] {
  if (random.next() < 0.5) return [w];
  const start = w.start + w.length + round(random.between(8, 60));
  return [w, { ...w, start, length: round(random.between(6, 40)), size: -w.size * random.between(0.6, 1) }];
}

/** The waves of a chain's day. */
export class Waves {
  private readonly waves: Wave[];

  constructor(path: SpotPath, step: number, ...seed: (string | number)[]) {
    const random = new Random(...seed, 'waves');
    const count = round((path.minutes / 60) * PER_HOUR);
    this.waves = Array.from({ length: count }, () => wave(random, path, step)).flatMap((w) =>
      unwound(random, w),
    );
  }

  /** Adds what the waves do to a leg to `log`, one value a minute. */
  addTo(log: Float64Array, side: 'CE' | 'PE', strike: number): void {
    for (const w of this.waves) {
      const share = exp(-(((strike - w.centre) / w.width) ** 2));
      if (w.side !== side || share < 0.02) continue;
      for (let m = max(0, w.start); m < log.length; m++)
        log[m] = (log[m] ?? 0) + w.size * share * smoothStep((m - w.start) / w.length);
    }
  }
}
