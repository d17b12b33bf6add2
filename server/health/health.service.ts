import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { TokenPool } from '../auth/token-pool.js';
import { Clock } from '../clock/clock.js';
import { chainKey } from '../domain/contract.js';
import { isoIst, istDate } from '../domain/slot.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { StatusService } from '../snapshot/status-service.js';
import { ClockSkew } from '../upstox/clock-skew.js';
import { WantedChains } from '../snapshot/wanted.js';

/** One part of the server, and what to do when it is not ready. */
export interface Check {
  ok: boolean;
  detail: string;
}

export interface Readiness {
  ready: boolean;
  checks: Record<'database' | 'instruments' | 'token' | 'clock' | 'capture', Check>;
  /** Pinned chains with their newest slot. */
  chains: { chain: string; state: string; lastSlot: string | null; lagSeconds: number | null }[];
}

/** Whether the server can do its job now. */
@Injectable()
export class HealthService {
  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(StatusService) private readonly status: StatusService,
    @Inject(WantedChains) private readonly wanted: WantedChains,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
  ) {}

  async readiness(): Promise<Readiness> {
    const database = await this.database();
    // Without the database nobody knows which chains are pinned; the answer must still say what is wrong.
    const chains = database.ok ? await this.pinned() : [];
    const late = chains.filter((chain) => chain.state === 'stale').map((chain) => chain.chain);
    const checks = {
      database,
      instruments: this.instrumentList(),
      token: this.token(),
      clock: this.clockCheck(),
      capture: {
        ok: late.length === 0,
        detail: late.length === 0 ? 'no chain is late' : `late: ${late.join(', ')}`,
      },
    };
    return { ready: Object.values(checks).every((check) => check.ok), checks, chains };
  }

  private async pinned(): Promise<Readiness['chains']> {
    const now = this.clock.now();
    const chains: Readiness['chains'] = [];
    for (const chain of await this.wanted.pinnedChains(istDate(now))) {
      const { state, lastSlot, lastCapturedAt } = this.status.current(chain);
      chains.push({
        chain: chainKey(chain),
        state,
        lastSlot: lastSlot === null ? null : isoIst(lastSlot),
        // A clock that was set back is no negative lag.
        lagSeconds: lastCapturedAt === null ? null : Math.max(0, Math.round((now - lastCapturedAt) / 1000)),
      });
    }
    return chains;
  }

  private async database(): Promise<Check> {
    try {
      await this.db.query('SELECT 1');
      return { ok: true, detail: 'answers' };
    } catch (error) {
      return { ok: false, detail: `does not answer: ${(error as Error).message}` };
    }
  }

  private instrumentList(): Check {
    const { state, rows, asOf } = this.instruments.status();
    const detail = asOf === null ? `${state}` : `${rows} rows, as of ${isoIst(asOf)}`;
    return { ok: asOf !== null, detail };
  }

  private clockCheck(): Check {
    const { message, ms } = this.skew;
    if (message !== null) return { ok: false, detail: message };
    return {
      ok: true,
      detail: ms === null ? 'not compared yet' : `${(ms / 1000).toFixed(1)} s from the broker's`,
    };
  }

  private token(): Check {
    const { hasToken, expiresAt, reason } = this.tokens.state();
    if (!hasToken) return { ok: false, detail: reason ?? 'sign-in needed' };
    return { ok: true, detail: expiresAt === null ? 'valid' : `valid until ${isoIst(expiresAt)}` };
  }
}
