import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { MINUTE_MS, type EpochMs } from '../domain/units.js';

/** How long a chain is still collected after its last watcher left. */
const LINGER_MS = 30 * MINUTE_MS;

interface Entry {
  chain: ChainId;
  watchers: number;
  /** When the last watcher left; `null` while somebody watches. */
  leftAt: EpochMs | null;
}

/** Who looks at what. The gateway counts in and out; the collector asks what is worth a broker call. */
@Injectable()
export class WatchRegistry {
  private readonly entries = new Map<string, Entry>();

  constructor(@Inject(Clock) private readonly clock: Clock) {}

  enter(chain: ChainId): void {
    const entry = this.entries.get(chainKey(chain));
    if (entry) {
      entry.watchers += 1;
      entry.leftAt = null;
    } else this.entries.set(chainKey(chain), { chain, watchers: 1, leftAt: null });
  }

  leave(chain: ChainId): void {
    const entry = this.entries.get(chainKey(chain));
    if (!entry || entry.watchers === 0) return;
    entry.watchers -= 1;
    if (entry.watchers === 0) entry.leftAt = this.clock.now();
  }

  watchers(chain: ChainId): number {
    return this.entries.get(chainKey(chain))?.watchers ?? 0;
  }

  /** Watchers of all chains, for the metrics. */
  total(): number {
    let sum = 0;
    for (const entry of this.entries.values()) sum += entry.watchers;
    return sum;
  }

  /** Watched chains, most watchers first, then those whose last watcher left less than 30 minutes ago. */
  wanted(): { watched: ChainId[]; lingering: ChainId[] } {
    const now = this.clock.now();
    for (const [key, entry] of this.entries)
      if (entry.leftAt !== null && now - entry.leftAt > LINGER_MS) this.entries.delete(key);
    const all = [...this.entries.values()].sort((a, b) => b.watchers - a.watchers);
    return {
      watched: all.filter((entry) => entry.watchers > 0).map((entry) => entry.chain),
      lingering: all.filter((entry) => entry.watchers === 0).map((entry) => entry.chain),
    };
  }
}
