import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DAY_COLUMNS } from '../../../server/simulator/recorded/day-file.js';

/** A temporary folder with gzip files in it. */
export class Folder {
  private readonly path = mkdtempSync(join(tmpdir(), 'simulator-'));

  write(name: string, content: string | Buffer): string {
    const file = join(this.path, name);
    writeFileSync(file, typeof content === 'string' && name.endsWith('.gz') ? gzipSync(content) : content);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

export const dayText = (...lines: string[]): string => [DAY_COLUMNS, ...lines, ''].join('\n');

export const EXPIRY_MS = Date.parse('2026-08-25T23:59:59+05:30');

export const optionRow = (strike: number, type: 'CE' | 'PE'): object => ({
  ...{ segment: 'NSE_FO', exchange: 'NSE', name: 'NIFTY', expiry: EXPIRY_MS, instrument_type: type },
  ...{ underlying_symbol: 'NIFTY', underlying_key: 'NSE_INDEX|Nifty 50', strike_price: strike, lot_size: 65 },
  ...{ instrument_key: `NSE_FO|${strike}${type}`, trading_symbol: `NIFTY ${strike} ${type} 25 AUG 26` },
});

export const INDEX_ROW = {
  ...{ segment: 'NSE_INDEX', exchange: 'NSE', name: 'Nifty 50', instrument_type: 'INDEX' },
  ...{ instrument_key: 'NSE_INDEX|Nifty 50', exchange_token: '26000', trading_symbol: 'NIFTY' },
};

export const shareRow = (isin: string, symbol: string, exchange = 'NSE'): object => ({
  ...{ segment: `${exchange}_EQ`, exchange, name: symbol, instrument_type: 'EQ' },
  ...{ instrument_key: `${exchange}_EQ|${isin}`, trading_symbol: symbol },
});
