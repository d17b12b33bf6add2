import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { MINUTE_MS, type EpochMs } from '../domain/units.js';

/** How long a chain is still collected after its last watcher left. */
const LINGER_MS = 30 * MINUTE_MS;

interface Entry {
  chain: ChainId;
  /** On the screens of this process, and on those of others that share the database. */
  watchers: number;
  elsewhere: number;
  /** When the last watcher left; `null` while somebody watches. */
  leftAt: EpochMs | null;
}

/** How many watch a chain; 0 = nobody any more, or nobody yet. */
export interface Watched {
  chain: ChainId;
  watchers: number;
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
    } else this.entries.set(chainKey(chain), { chain, watchers: 1, elsewhere: 0, leftAt: null });
  }

  leave(chain: ChainId): void {
    const entry = this.entries.get(chainKey(chain));
    if (!entry || entry.watchers === 0) return;
    entry.watchers -= 1;
    if (entry.watchers + entry.elsewhere === 0) entry.leftAt = this.clock.now();
  }

  /** A chain that is about to be watched, or was looked at: it is worth collecting for a while. */
  glance(chain: ChainId): void {
    const entry = this.entries.get(chainKey(chain));
    if (!entry)
      this.entries.set(chainKey(chain), { chain, watchers: 0, elsewhere: 0, leftAt: this.clock.now() });
    else if (entry.leftAt !== null) entry.leftAt = this.clock.now();
  }

  /** What the screens of this process watch, and have just left. */
  here(): Watched[] {
    return [...this.entries.values()].map(({ chain, watchers }) => ({ chain, watchers }));
  }

  /** What the screens of all other processes watch, in place of what they did before. */
  setElsewhere(watched: readonly Watched[]): void {
    const counts = new Map<string, number>();
    for (const { chain, watchers } of watched) {
      const key = chainKey(chain);
      if (!this.entries.has(key)) this.glance(chain);
      counts.set(key, (counts.get(key) ?? 0) + watchers);
    }
    for (const [key, entry] of this.entries) {
      entry.elsewhere = counts.get(key) ?? 0;
      if (entry.watchers + entry.elsewhere > 0) entry.leftAt = null;
      else entry.leftAt ??= this.clock.now();
    }
  }

  /** Screens of all processes. */
  watchers(chain: ChainId): number {
    const entry = this.entries.get(chainKey(chain));
    return entry ? entry.watchers + entry.elsewhere : 0;
  }

  /** Watchers of all chains in this process, for the metrics. */
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
    const screens = (entry: Entry): number => entry.watchers + entry.elsewhere;
    const all = [...this.entries.values()].sort((a, b) => screens(b) - screens(a));
    return {
      watched: all.filter((entry) => screens(entry) > 0).map((entry) => entry.chain),
      lingering: all.filter((entry) => screens(entry) === 0).map((entry) => entry.chain),
    };
  }
}
