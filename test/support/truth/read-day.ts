import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Answer, ChainAnswers, LegAnswer, Side, StrikeAnswer } from './types.js';

const DAY_HEADER = 'ts_iso,underlying,spot,expiry,strike,ce_oi,ce_ltp,ce_volume,pe_oi,pe_ltp,pe_volume';
const PREV_HEADER = 'underlying,expiry,strike,ce_prev_oi,pe_prev_oi';

/** The lines of a `.csv.gz` (or `.csv`) after its header. @throws when the header is another one. */
function* lines(file: string, header: string): Generator<string> {
  const raw = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
  let from = 0;
  for (let line = 0; from < text.length; line++) {
    const found = text.indexOf('\n', from);
    const to = found < 0 ? text.length : found;
    const content = text.slice(from, text[to - 1] === '\r' ? to - 1 : to);
    from = to + 1;
    if (line === 0) {
      if (content !== header) throw new Error(`${file}: unexpected columns: ${content}`);
    } else if (content !== '') yield content;
  }
}

/** A blank is "no value", never 0. @throws on anything else that is not a number. */
function number(cell: string | undefined): number | null {
  if (cell === undefined || cell === '') return null;
  const value = Number(cell);
  if (!Number.isFinite(value)) throw new Error(`not a number: ${cell}`);
  return value;
}

function leg(oi: string | undefined, ltp: string | undefined, volume: string | undefined): LegAnswer | null {
  const read = { oi: number(oi), ltp: number(ltp), volume: number(volume) };
  return read.oi === null && read.ltp === null && read.volume === null ? null : read;
}

interface Open {
  answers: Map<number, { at: number; spot: number | null; strikes: Map<number, StrikeAnswer> }>;
  underlying: string;
  expiry: string;
}

function addRow(chains: Map<string, Open>, times: Map<string, number>, line: string): void {
  const [ts = '', underlying = '', spot, expiry = '', strike, ...sides] = line.split(',');
  const key = `${underlying}@${expiry}`;
  let chain = chains.get(key);
  if (!chain) chains.set(key, (chain = { answers: new Map(), underlying, expiry }));
  let at = times.get(ts);
  if (at === undefined) times.set(ts, (at = Date.parse(ts)));
  let answer = chain.answers.get(at);
  if (!answer) chain.answers.set(at, (answer = { at, spot: number(spot), strikes: new Map() }));
  const rupees = number(strike);
  if (rupees === null || Number.isNaN(at)) throw new Error(`unreadable row: ${line}`);
  if (answer.strikes.has(rupees)) throw new Error(`strike twice in one snapshot: ${line}`);
  answer.strikes.set(rupees, {
    call: leg(sides[0], sides[1], sides[2]),
    put: leg(sides[3], sides[4], sides[5]),
  });
}

type PrevOi = Map<string, Map<number, Record<Side, number | null>>>;

function readPrevOi(file: string | undefined): PrevOi {
  const chains: PrevOi = new Map();
  if (file === undefined) return chains;
  for (const line of lines(file, PREV_HEADER)) {
    const [underlying, expiry, strike, call, put] = line.split(',');
    const key = `${underlying}@${expiry}`;
    const chain = chains.get(key) ?? new Map<number, Record<Side, number | null>>();
    chains.set(key, chain);
    chain.set(Number(strike), { call: number(call), put: number(put) });
  }
  return chains;
}

/**
 * Reads a recorded day (and the previous session's closing OI) into one list of answers per chain.
 * @param dayFile `.csv.gz` with one row per (snapshot, underlying, expiry, strike)
 * @throws when a file has other columns, an unreadable cell or a strike twice in one snapshot
 */
export function readDay(dayFile: string, prevOiFile?: string): ChainAnswers[] {
  const chains = new Map<string, Open>();
  const times = new Map<string, number>();
  for (const line of lines(dayFile, DAY_HEADER)) addRow(chains, times, line);
  const prev = readPrevOi(prevOiFile);
  return [...chains].map(([key, chain]) => ({
    underlying: chain.underlying,
    expiry: chain.expiry,
    answers: [...chain.answers.values()].sort((a: Answer, b: Answer) => a.at - b.at),
    prevOi: prev.get(key) ?? new Map(),
  }));
}
