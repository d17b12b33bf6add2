import fc from 'fast-check';

/**
 * How many cases each generator tries in a run of the whole suite. All in one place, so that the sum can be held
 * against what is promised (`unit/fuzz/cases.spec.ts`). `FUZZ=10` tries ten times as many.
 */
export const CASES = {
  'table: rules read aloud': 1_000,
  'table: order of snapshots': 500,
  'table: later snapshots': 500,
  'table: change or reason': 500,
  'table: base in reach': 500,
  'table: JSON': 500,
  'table: totals': 500,
  'table: independent checker': 400,
  'max pain': 1_000,
  'frames: encoded and applied': 500,
  'frames: merge': 2_000,
  'frames: spoilt': 20_000,
  'market frames': 100,
  'master: rows': 6_000,
  'master: text in chunks': 1_000,
  'master: text that breaks off': 1_000,
  'master: spoilt rows': 4_000,
  'master: known spellings': 1_000,
  'broker: chain with junk': 8_000,
  'broker: any chain': 3_000,
  'broker: any quotes': 6_000,
  'broker: any candles': 6_000,
  'broker: any error': 4_000,
  'broker: tokens': 8_000,
  'days: rows': 2_500,
  'stored: snapshots': 1_000,
  'stored: spoilt snapshots': 4_000,
  'stored: packed days': 200,
  'stored: minutes': 400,
  'stored: a delta made a key': 400,
  'stored: spoilt minutes': 2_000,
  'stored: spoilt chunks': 1_000,
  'input: Host and Origin': 12_000,
  'input: cookies': 8_000,
  'input: bodies and queries': 6_000,
  'input: news of other processes': 4_000,
  'input: HTTP requests': 4_000,
  'socket: any packet': 4_000,
} as const;

export type FuzzSuite = keyof typeof CASES;

const TIMES = Number(process.env.FUZZ ?? 1);

/** The seed of this process; `SEED` in the environment sets it. */
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/**
 * Tries a property with as many cases as `CASES` says and prints `fuzz: <suite> <n> cases, seed <s>`; a failure says
 * its seed and path as well, and shrinks to the smallest case.
 * @returns resolves at the end of an asynchronous property; a plain one has been tried then already.
 * @throws what a case throws
 */
export function fuzz<T>(suite: FuzzSuite, property: fc.IRawProperty<T>): Promise<void> | void {
  const numRuns = Math.ceil(CASES[suite] * TIMES);
  const done = fc.assert(property, { numRuns, seed: SEED }) as Promise<void> | void;
  const say = (): void => void process.stdout.write(`fuzz: ${suite} ${numRuns} cases, seed ${SEED}\n`);
  if (done === undefined) say();
  else return done.then(say);
}
