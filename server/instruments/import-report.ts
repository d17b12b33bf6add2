import type { EpochMs } from '../domain/units.js';

/** A row that was not taken, and why. */
export interface RefusedRow {
  reason: string;
  /** The row as text, cut to a readable length. */
  row: string;
}

/** What an import found and changed. */
export interface ImportReport {
  /** Rows of the file. */
  rows: number;
  /** Derivative contracts taken from it. */
  contracts: number;
  underlyings: number;
  /** Exchanges whose contracts were compared; others stay as they were. */
  exchanges: string[];
  /** Contracts that were not listed before. Moved ones are counted under `moved` only. */
  added: number;
  /** Contracts gone from the list, by expiry or delisting. */
  expired: number;
  /** Contracts whose key lives on with another expiry date. */
  moved: number;
  /** Contracts that got another key. */
  rekeyed: number;
  /** Keys that meant another contract in the list before: the reason why history never goes by key. */
  reusedKeys: number;
  /** Contracts (moved ones too) whose lot size changed. */
  lotChanged: number;
  refused: { count: number; samples: RefusedRow[] };
  /** Rows that are no derivative contracts of ours: equities, currencies, NSE commodities. */
  ignored: number;
  /** Duration of the import. */
  ms: number;
  /** What moment the list describes. */
  asOf: EpochMs;
}

/** How far an import is. */
export interface ImportProgress {
  /** Rows read so far. */
  rows: number;
  /** Compressed bytes read so far. */
  bytes: number;
  /** Size of the compressed file; `null` where it is not known beforehand. */
  totalBytes: number | null;
  phase: 'reading' | 'writing';
}

/** Why a whole import was refused. Whatever the cause, the list is as it was before. */
export type RefusalCause =
  | 'not-gzip'
  | 'truncated'
  | 'not-json'
  | 'empty'
  | 'too-small'
  | 'too-large'
  | 'broken-rows'
  | 'older'
  | 'busy'
  | 'source';

/** An instrument file was not accepted; nothing of it was stored. The message tells a trader what to do. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';

  constructor(
    readonly why: RefusalCause,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
