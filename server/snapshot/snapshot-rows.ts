import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CaptureSource, ChainSnapshot } from '../domain/snapshot.js';
import type { Slot } from '../domain/units.js';
import { CorruptSnapshot, decodeSnapshot } from './codec.js';
import type { CountedSnapshot } from './day-codec.js';
import type { PackedSlots } from './snapshot-days.js';

const SOURCES: readonly CaptureSource[] = ['live', 'backfill', 'import'];

/** A snapshot as a row of the table `snapshot` has it. */
export interface SnapshotRow {
  slot: number | string;
  captured_at: number | string;
  source: number;
  spot: number | null;
  payload: Buffer;
}

const log = new Logger('SnapshotStore');

/** The snapshot of a row; one that is corrupted is reported, and `null`. */
export function readRow(id: number, row: SnapshotRow): ChainSnapshot | null {
  try {
    return decodeRow(row);
  } catch (error) {
    if (!(error instanceof CorruptSnapshot)) throw error;
    log.error(
      `Chain ${id}, slot ${new Date(Number(row.slot)).toISOString()}: ${error.message} It is left out.`,
    );
    return null;
  }
}

/** @throws Error when the code is none that this version writes. */
export function sourceOf(code: number): CaptureSource {
  const source = SOURCES[code];
  if (source === undefined) throw new Error(`The database holds a snapshot of unknown source ${code}.`);
  return source;
}

/**
 * Stores a snapshot unless its slot is stored already. A row that cannot be read any more gives its place to what was
 * rebuilt or imported again.
 * @returns whether it was stored.
 */
export async function insertSnapshot(
  tx: EntityManager,
  there: PackedSlots,
  id: number,
  capture: CountedSnapshot,
  payload: Buffer,
): Promise<boolean> {
  const { snapshot } = capture;
  if (await there.has(id, snapshot.slot)) return false;
  const runner = tx.queryRunner;
  if (!runner) throw new Error('A snapshot is only written inside a transaction.');
  const result = await runner.query(
    `INSERT INTO snapshot (chain_id, slot, captured_at, source, spot, legs, unknown_legs, phantom_legs, payload)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
    [
      id,
      snapshot.slot,
      snapshot.capturedAt,
      SOURCES.indexOf(snapshot.source),
      snapshot.spot,
      snapshot.present.reduce((sum, flag) => sum + flag, 0),
      capture.unknownLegs,
      capture.phantomLegs,
      payload,
    ],
    true,
  );
  if (result.affected === 1) return true;
  if (!(await dropDamaged(tx, id, snapshot.slot))) return false;
  return insertSnapshot(tx, there, id, capture, payload);
}

/** Removes the row of a slot when it cannot be read. @returns whether it did. */
async function dropDamaged(tx: EntityManager, id: number, slot: Slot): Promise<boolean> {
  const rows: SnapshotRow[] = await tx.query(
    'SELECT slot, captured_at, source, spot, payload FROM snapshot WHERE chain_id = $1 AND slot = $2',
    [id, slot],
  );
  if (!rows[0] || !isDamaged(rows[0])) return false;
  log.warn(`Chain ${id}, slot ${new Date(slot).toISOString()}: the damaged snapshot is replaced.`);
  await tx.query('DELETE FROM snapshot WHERE chain_id = $1 AND slot = $2', [id, slot]);
  return true;
}

function isDamaged(row: SnapshotRow): boolean {
  try {
    decodeRow(row);
    return false;
  } catch (error) {
    if (error instanceof CorruptSnapshot) return true;
    throw error;
  }
}

function decodeRow(row: SnapshotRow): ChainSnapshot {
  const header = {
    slot: Number(row.slot) as Slot,
    capturedAt: Number(row.captured_at),
    source: sourceOf(row.source),
    spot: row.spot,
  };
  return decodeSnapshot(header, row.payload);
}
