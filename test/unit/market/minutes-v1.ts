import { CAPTURED, CAPTURED_APART, emptyFrame, MISSING } from '../../../server/market/minutes/frame.js';
import { legsOf } from '../../../server/market/minutes/universe.js';
import { at, aUniverse } from './minutes.js';

/** The number of the universe under which the blocks below were sealed. */
export const UNIVERSE_ID = 1;

export const universe = aUniverse([6, 4, 2]);

/** One a minute: marks of the three chains. Captured, captured apart, missing, refused, not asked for. */
const MARKS = [
  [CAPTURED, CAPTURED + 12, CAPTURED + 40],
  [CAPTURED + 1, CAPTURED_APART, CAPTURED + 40],
  [CAPTURED, MISSING, CAPTURED + 40],
  [CAPTURED + 59, 0, CAPTURED_APART + 59],
  [CAPTURED, CAPTURED, 1],
];
const MINUTES = [0, 1, 2, 5, 6];

/** Unknowns that come and go, lots and single units, ticks and thirds of a rupee, and 2^45. */
export const frames = MINUTES.map((minute, i) => {
  const frame = emptyFrame(universe, at(minute));
  frame.marks.set(MARKS[i]!);
  for (let leg = 0; leg < legsOf(universe); leg++) {
    const isOdd = leg === 1 && i === 3;
    frame.oi[leg] =
      leg % 5 === 4 && i % 2 === 1 ? NaN : 65 * ((leg * 37 + i * (leg % 3)) % 50) + (isOdd ? 1 : 0);
    const third = leg === 2 && i === 4 ? 1 / 3 : 0;
    frame.ltp[leg] = leg % 4 === 3 ? NaN : ((leg * 113 + i * (leg % 2) * 7) % 400) / 20 + third;
    frame.volume[leg] = leg === 0 ? 2 ** 45 + i : 65 * (leg * 10 + i * (leg % 4));
    frame.prevOi[leg] = i < 2 && leg % 2 === 0 ? NaN : 65 * leg;
  }
  return frame;
});

/** Those minutes as format 1 stores them, a key and four deltas. Frozen: they must be readable for ever. */
export const payloads = [
  'AcK+LmgAAAMMBWMR0AEAEGPgYVST5DFUEefSVxLlAAAVY2BmBEHGoseMprvYpjNl7uM4zQQAFGPgYWBqAAMOblF5TWNb98Do1HwAC2NkRAAmFjYOLh4A',
  'AdZ+wsoBAQMMEWN10WFhZ2VhZGdhZWRnZQUADWNiYWBgYWJhYGBiAQAF43NzAwANY2BqbAABDiYWNggCAAA=',
  'AUuBZ8cBAQMMDWNh1mFhZ2VhZFdlBQAKY2JhYGRgYWIBAATjcwMADmNgamoAAQ4mFjYmFjYAD2NgYARBJkYGRhZWBkYuAA==',
  'AWg/lGMBAwMMDbNnqGdhZ2VhZFdlBQAMY2BaKcLCwMDCxAIABONzAwAOY2BqbgABDiYWNiYWNgAA',
  'Ae4GaawBAQMMD2NhYWRhZ2dhZGdhZWQHAA9jYNRkYWBkYmELZ2BUBAAN42NgdnUBAXUHt0uMAA9jYGppAAEOJhY2Jh4hNgAKY2NgZGNkYOQAAA==',
].map((block) => Buffer.from(block, 'base64'));
