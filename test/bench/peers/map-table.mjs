/**
 * The delta table as open trackers compute it: a Map of contracts, each with an array of records of its past, and a
 * search of that array by time for every window.
 */
import { MINUTE } from '../support/market.mjs';

const WINDOWS = [3, 5, 10, 15, 30];

export class MapTable {
  #legs = new Map();

  add(snapshot) {
    snapshot.strikes.forEach((strike, row) => {
      this.#push(strike, 'call', snapshot, 2 * row);
      this.#push(strike, 'put', snapshot, 2 * row + 1);
    });
  }

  #push(strike, side, { slot, oi, prevOi, ltp, volume }, leg) {
    const key = `${strike} ${side}`;
    if (!this.#legs.has(key)) this.#legs.set(key, { strike, side, history: [] });
    const record = {
      time: new Date(slot),
      oi: oi[leg],
      prevOi: prevOi[leg],
      ltp: ltp[leg],
      volume: volume[leg],
    };
    this.#legs.get(key).history.push(record);
  }

  /** The rows of the newest minute. */
  rows() {
    const rows = new Map();
    for (const { strike, side, history } of this.#legs.values()) {
      const now = history.at(-1);
      const changes = WINDOWS.map((w) => {
        const at = now.time.getTime() - w * MINUTE;
        const base = history.find(({ time }) => time.getTime() === at);
        if (!base) return null;
        const abs = now.oi - base.oi;
        return { abs, pct: base.oi === 0 ? null : (100 * abs) / base.oi, baseSlot: at };
      });
      const day = now.oi - now.prevOi;
      const row = rows.get(strike) ?? { strike };
      row[side] = { ...now, dayChange: { abs: day, pct: (100 * day) / now.prevOi }, changes };
      rows.set(strike, row);
    }
    return [...rows.values()];
  }
}
