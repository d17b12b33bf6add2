import { existsSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { TokenPool } from '../../auth/token-pool.js';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { isoIst } from '../../domain/slot.js';
import { InstrumentsService } from '../../instruments/instruments.service.js';
import { Broker } from '../../upstox/broker.js';
import { BrokerError } from '../../upstox/errors.js';
import { withCore } from '../core-context.js';

/** What was looked at, how it stands, and what to do about it. */
export interface Finding {
  state: 'ok' | 'warn' | 'bad';
  what: 'node' | 'configuration' | 'database' | 'instruments' | 'broker' | 'clock' | 'token' | 'address';
  detail: string;
  advice?: string;
}

const BROKER_TIMEOUT_MS = 8_000;
/** A slot is a minute: a clock that is off by more puts captures in wrong slots. */
const SKEW_WARN_MS = 2_000;
const SKEW_BAD_MS = 20_000;

/** Examines everything but the configuration, which is valid. Never throws: what fails is a finding. */
export async function diagnose(config: Config): Promise<Finding[]> {
  return [address(config), ...(await core(config)), ...(await broker(config))];
}

function address(config: Config): Finding {
  const { host, port, publicOrigin } = config.http;
  const detail = `${host}:${port}, sign-in comes back to ${config.upstox.redirectUri}`;
  const loopback = ['127.0.0.1', 'localhost', '::1'].includes(host);
  if (loopback || publicOrigin.startsWith('https:')) return { state: 'ok', what: 'address', detail };
  return {
    state: 'warn',
    what: 'address',
    detail: `${detail}; others on the network can reach it and read what is sent`,
    advice:
      'Bind to 127.0.0.1, or put a reverse proxy with https in front and set UPSTOX_REDIRECT_URI to its address.',
  };
}

async function core(config: Config): Promise<Finding[]> {
  const { database: where } = config;
  if (where.kind === 'sqlite' && !existsSync(where.file)) return [noDatabase(where.file)];
  try {
    return await withCore(
      async (app) => [await database(app), await instruments(app), await token(app)],
      config,
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ state: 'bad', what: 'database', detail, advice: databaseAdvice(detail) }];
  }
}

/** Looking must not make one. */
function noDatabase(file: string): Finding {
  return {
    state: 'warn',
    what: 'database',
    detail: `${file} is not there yet`,
    advice:
      'The server makes it at its first start. If you had one, look at DATABASE_URL and the folder you are in.',
  };
}

const RESTORE =
  'Stop the tracker and restore a backup (restore --from …), or move the file away and start anew.';

function databaseAdvice(detail: string): string | undefined {
  if (/newer version/.test(detail)) return undefined;
  if (/SQLITE_NOTADB|SQLITE_CORRUPT|malformed|not a database/.test(detail)) return RESTORE;
  return 'Look at DATABASE_URL, the file, its owner and the free space.';
}

async function database(app: INestApplicationContext): Promise<Finding> {
  const db = app.get(DataSource);
  const rows: { count: number | string }[] = await db.query(
    `SELECT count(*) + (SELECT coalesce(sum(snapshots), 0) FROM snapshot_day) AS count FROM snapshot`,
  );
  const detail = `opens, ${Number(rows[0]?.count ?? 0)} captured slots`;
  if (db.options.type !== 'sqlite') return { state: 'ok', what: 'database', detail };
  const checks: { quick_check: string }[] = await db.query('PRAGMA quick_check(1)');
  if (checks[0]?.quick_check === 'ok') return { state: 'ok', what: 'database', detail: `${detail}, intact` };
  return {
    state: 'bad',
    what: 'database',
    detail: `damaged: ${checks[0]?.quick_check ?? 'no answer'}`,
    advice: RESTORE,
  };
}

async function instruments(app: INestApplicationContext): Promise<Finding> {
  const service = app.get(InstrumentsService);
  const { asOf, rows } = service.status();
  if (asOf === null)
    return {
      state: 'warn',
      what: 'instruments',
      detail: 'no list yet',
      advice: 'The server fetches it when it starts; or run: npm run cli -- contracts import',
    };
  const due = service.needsImport(app.get(Clock).now());
  const detail = `${rows} rows, as of ${isoIst(asOf)}`;
  return due
    ? {
        state: 'warn',
        what: 'instruments',
        detail,
        advice: 'Older than today 06:00 IST; the server renews it by itself.',
      }
    : { state: 'ok', what: 'instruments', detail };
}

async function token(app: INestApplicationContext): Promise<Finding> {
  const pool = app.get(TokenPool);
  const current = pool.current();
  const { expiresAt, reason } = pool.state();
  if (!current)
    return {
      state: 'warn',
      what: 'token',
      detail: reason ?? 'none',
      advice: 'Sign in on the page; for a server without people: token add, or UPSTOX_ACCESS_TOKEN.',
    };
  const until = expiresAt === null ? '' : `, valid until ${isoIst(expiresAt)}`;
  try {
    await app.get(Broker).marketStatus(current, 'NSE');
    return { state: 'ok', what: 'token', detail: `accepted by the broker${until}` };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const dead = error.kind === 'token-dead' || error.kind === 'refused';
    return {
      state: dead ? 'bad' : 'warn',
      what: 'token',
      detail: error.message,
      advice: dead ? 'Sign in again.' : 'Try again in a minute.',
    };
  }
}

async function broker(config: Config): Promise<Finding[]> {
  const { apiUrl } = config.upstox;
  try {
    const asked = Date.now();
    const response = await fetch(apiUrl, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(BROKER_TIMEOUT_MS),
    });
    const reachable: Finding = {
      state: 'ok',
      what: 'broker',
      detail: `${apiUrl} answers in ${Date.now() - asked} ms`,
    };
    return [reachable, ...clock(response.headers.get('date'), config)];
  } catch (error) {
    const cause =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    const advice = 'Check the internet connection, a proxy, and UPSTOX_API_URL.';
    return [{ state: 'bad', what: 'broker', detail: `${apiUrl} cannot be reached: ${cause}`, advice }];
  }
}

function clock(date: string | null, config: Config): Finding[] {
  if (config.clock.start !== null || config.clock.rate !== 1)
    return [{ state: 'warn', what: 'clock', detail: 'virtual (CLOCK_START, CLOCK_RATE): for replays only' }];
  const theirs = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return [];
  // The header has whole seconds: half of one is no skew.
  const skew = Math.abs(Date.now() - theirs - 500);
  const detail = `${(skew / 1000).toFixed(1)} s from the broker's`;
  if (skew < SKEW_WARN_MS) return [{ state: 'ok', what: 'clock', detail }];
  const advice = config.upstox.simulated
    ? 'Start beside a simulator with the CLOCK_START, CLOCK_SINCE and CLOCK_RATE that it printed.'
    : "Turn on the system's time synchronisation (NTP).";
  return [{ state: skew < SKEW_BAD_MS ? 'warn' : 'bad', what: 'clock', detail, advice }];
}
