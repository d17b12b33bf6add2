import type { ContractType } from '../domain/contract.js';
import type { EpochMs } from '../domain/units.js';

/** The segments whose contracts carry the open interest that is tracked. */
export const SEGMENTS = ['NSE_FO', 'BSE_FO', 'MCX_FO'] as const;
export type Segment = (typeof SEGMENTS)[number];

/** A checked derivative row of the instrument master, in the broker's own terms. */
export interface MasterRow {
  exchange: 'NSE' | 'BSE' | 'MCX';
  instrumentKey: string;
  type: ContractType;
  /** End of the expiry day in India, epoch ms. */
  expiry: EpochMs;
  /** Rupees; 0 for a future. */
  strike: number;
  lotSize: number;
  /** `null` where the master does not say (MCX). */
  weekly: boolean | null;
  tradingSymbol: string;
  /** Symbol of the underlying, such as `NIFTY`, `M&M`, `BAJAJ-AUTO`. */
  symbol: string;
  /** Key of the underlying; of the future it hangs on for an MCX option. */
  underlyingKey: string;
  name: string;
  kind: 'INDEX' | 'EQUITY' | 'COMMODITY';
}

/** A row that is broken: the message is the reason, for the import report. */
export class RowRefused extends Error {
  override readonly name = 'RowRefused';
}

/** The broker's `underlying_type`, by segment. */
const KINDS: Readonly<Record<Segment, ReadonlyMap<unknown, MasterRow['kind']>>> = {
  NSE_FO: new Map([
    ['INDEX', 'INDEX'],
    ['EQUITY', 'EQUITY'],
  ]),
  BSE_FO: new Map([
    ['INDEX', 'INDEX'],
    ['EQUITY', 'EQUITY'],
  ]),
  MCX_FO: new Map([
    ['COM', 'COMMODITY'],
    ['INDEX', 'COMMODITY'],
  ]),
};

/** No derivative was ever listed outside of these years: a broken clock or unit shows here. 2000-01-01 and 2100-01-01. */
const EXPIRY_RANGE = [946_684_800_000, 4_102_444_800_000] as const;
const KEY = /^[A-Z_]+\|[\w&. -]+$/;
/** Never a formula for a spreadsheet, a second cell of a CSV line or the name of another folder. */
const SYMBOL = /^[A-Z0-9&][\w&. -]*$/i;
/** What nearly all texts are, told faster than by `UNPRINTABLE`. */
const PRINTABLE_ASCII = /^[!-~][ -~]*$/;
/** Controls, marks that turn the direction of text, lone surrogates. */
const UNPRINTABLE = /\p{C}/u;
const LONGEST_TEXT = 128;

/**
 * Checks a row of one of `SEGMENTS`.
 * @throws RowRefused naming the field and its value.
 */
export function parseMasterRow(row: unknown): MasterRow {
  if (typeof row !== 'object' || row === null) throw new RowRefused('not an object');
  const fields = row as Record<string, unknown>;
  const segment = segmentOf(fields);
  const type = typeOf(fields);
  return {
    exchange: exchangeOf(fields, segment),
    instrumentKey: keyOf(fields, segment),
    type,
    expiry: expiryOf(fields),
    strike: strikeOf(fields, type),
    lotSize: lotSizeOf(fields),
    weekly: weeklyOf(fields),
    tradingSymbol: text(fields, 'trading_symbol'),
    symbol: matching(fields, 'underlying_symbol', SYMBOL),
    underlyingKey: matching(fields, 'underlying_key', KEY),
    name: text(fields, 'name'),
    kind: kindOf(fields, segment),
  };
}

function refuse(field: string, value: unknown): never {
  throw new RowRefused(value === undefined ? `${field} is missing` : `${field} is ${brief(value)}`);
}

function brief(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}

function text(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  return isPlainText(value) ? value.trim() : refuse(field, value);
}

/** Whether a value may be shown as a name: short, not blank, and without anything unprintable. */
export function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= LONGEST_TEXT &&
    (PRINTABLE_ASCII.test(value) || (value.trim() !== '' && !UNPRINTABLE.test(value)))
  );
}

function matching(fields: Record<string, unknown>, field: string, pattern: RegExp): string {
  const value = text(fields, field);
  return pattern.test(value) ? value : refuse(field, value);
}

function segmentOf(fields: Record<string, unknown>): Segment {
  const value = fields['segment'];
  return SEGMENTS.find((segment) => segment === value) ?? refuse('segment', value);
}

function typeOf(fields: Record<string, unknown>): ContractType {
  const value = fields['instrument_type'];
  return value === 'CE' || value === 'PE' || value === 'FUT' ? value : refuse('instrument_type', value);
}

function exchangeOf(fields: Record<string, unknown>, segment: Segment): MasterRow['exchange'] {
  const value = fields['exchange'];
  return value === segment.slice(0, 3) ? (value as MasterRow['exchange']) : refuse('exchange', value);
}

function keyOf(fields: Record<string, unknown>, segment: Segment): string {
  const value = matching(fields, 'instrument_key', KEY);
  return value.startsWith(`${segment}|`) ? value : refuse('instrument_key', value);
}

function expiryOf(fields: Record<string, unknown>): EpochMs {
  const value = fields['expiry'];
  const [from, to] = EXPIRY_RANGE;
  return Number.isInteger(value) && (value as number) >= from && (value as number) < to
    ? (value as number)
    : refuse('expiry', value);
}

function strikeOf(fields: Record<string, unknown>, type: ContractType): number {
  if (type === 'FUT') return 0;
  const value = fields['strike_price'];
  return typeof value === 'number' && value > 0 && value < 1e9 ? value : refuse('strike_price', value);
}

function lotSizeOf(fields: Record<string, unknown>): number {
  const value = fields['lot_size'];
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 1e9
    ? (value as number)
    : refuse('lot_size', value);
}

function weeklyOf(fields: Record<string, unknown>): boolean | null {
  const value = fields['weekly'];
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean' ? value : refuse('weekly', value);
}

function kindOf(fields: Record<string, unknown>, segment: Segment): MasterRow['kind'] {
  const value = fields['underlying_type'];
  return KINDS[segment].get(value) ?? refuse('underlying_type', value);
}
