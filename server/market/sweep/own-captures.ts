import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { chainKey, type ChainId } from '../../domain/contract.js';
import type { Row, Table } from '../../domain/delta-table.js';
import type { EpochMs } from '../../domain/units.js';
import { Feed } from '../../snapshot/feed.js';
import { CALL, PUT, SPOT, type UniverseColumns } from '../minutes/universe.js';

/** Values of one leg; `null` = unknown. */
export interface LegCells {
  oi: number | null;
  ltp: number | null;
  volume: number | null;
  prevOi: number | null;
}

/** A chain as the collector captured it. */
export class OwnCapture {
  private rows: Map<number, Row> | null = null;

  constructor(private readonly table: Table) {}

  get slot(): number {
    return this.table.slot;
  }

  get capturedAt(): EpochMs {
    return this.table.capturedAt;
  }

  /** The values of a leg of the universe; `null` when the capture has no such leg. */
  cellsOf(universe: UniverseColumns, leg: number): LegCells | null {
    const side = universe.sides[leg];
    if (side === SPOT) return { oi: null, ltp: this.table.spot, volume: null, prevOi: null };
    this.rows ??= new Map(this.table.rows.map((row) => [row.strike, row]));
    const row = this.rows.get(universe.strikes[leg]!);
    if (side === CALL) return row?.call ?? null;
    return side === PUT ? (row?.put ?? null) : null;
  }
}

/** The newest live captures of watched chains: the sweep leaves those chains out, and takes what was captured. */
@Injectable()
export class OwnCaptures implements OnModuleInit, OnModuleDestroy {
  private readonly newest = new Map<string, OwnCapture>();
  private end: () => void = () => undefined;

  constructor(@Inject(Feed) private readonly feed: Feed) {}

  onModuleInit(): void {
    this.end = this.feed.onTable(({ chain, table }) => {
      if (table.source === 'live') this.newest.set(chainKey(chain), new OwnCapture(table));
    });
  }

  onModuleDestroy(): void {
    this.end();
  }

  /** The newest capture of a chain since the start; `null` when there was none. */
  of(chain: ChainId): OwnCapture | null {
    return this.newest.get(chainKey(chain)) ?? null;
  }
}
