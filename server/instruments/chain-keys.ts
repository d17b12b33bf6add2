import type { EntityManager } from 'typeorm';

/** Another key of an underlying than the one it had. */
export interface KeyChange {
  from: string;
  to: string;
}

/** Tables with one row per chain and slot. */
const BY_SLOT = ['snapshot', 'refusal'] as const;

/**
 * Files the captured chains of underlyings under their new keys. Chains are found by the key of their underlying, so
 * those of a recorded day that was imported before the first list, or of a share with a new ISIN, would be out of reach.
 */
export async function refileChains(manager: EntityManager, changes: readonly KeyChange[]): Promise<void> {
  const rows: { underlying_key: string }[] = await manager.query('SELECT DISTINCT underlying_key FROM chain');
  const filed = new Set(rows.map((row) => row.underlying_key));
  for (const change of changes) if (filed.delete(change.from)) await refile(manager, change);
}

async function refile(manager: EntityManager, { from, to }: KeyChange): Promise<void> {
  const twice: { old: number; id: number }[] = await manager.query(
    `SELECT o.id AS old, n.id AS id FROM chain o JOIN chain n ON n.expiry = o.expiry
     WHERE o.underlying_key = $1 AND n.underlying_key = $2`,
    [from, to],
  );
  for (const { old, id } of twice) await merge(manager, old, id);
  await manager.query(
    `UPDATE chain SET underlying_key = $1
     WHERE underlying_key = $2 AND expiry NOT IN (SELECT expiry FROM chain WHERE underlying_key = $3)`,
    [to, from, to],
  );
}

/**
 * A second capture of a slot changes nothing: what the chain has already stays. Packed days stay with the chain that
 * they were packed for, whose number is in their checksums.
 */
async function merge(manager: EntityManager, old: number, id: number): Promise<void> {
  for (const table of BY_SLOT) {
    await manager.query(
      `UPDATE ${table} SET chain_id = $1
       WHERE chain_id = $2 AND slot NOT IN (SELECT slot FROM ${table} WHERE chain_id = $3)`,
      [id, old, id],
    );
    await manager.query(`DELETE FROM ${table} WHERE chain_id = $1`, [old]);
  }
}
