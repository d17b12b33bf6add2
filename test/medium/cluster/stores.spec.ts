import { Logger } from '@nestjs/common';
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { OAuthStateStore } from '../../../server/auth/oauth-state.store.js';
import { SessionService } from '../../../server/auth/session.service.js';
import { UnattendedTokens } from '../../../server/auth/unattended-tokens.js';
import { Retention } from '../../../server/database/retention.js';
import { addDays, istAt } from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS } from '../../../server/domain/units.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { DayPacker } from '../../../server/market/minutes/day-packer.js';
import { CalendarService } from '../../../server/snapshot/calendar-service.js';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { DayImport } from '../../../server/snapshot/days/day-import.js';
import { QualityService } from '../../../server/snapshot/quality-service.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { at, DAY, NIFTY, NIFTY_NEXT, openHouse, slotAtTime, TOKEN, type House } from '../../support/house.js';
import { chainRows, masterFile, NIFTY_INDEX, streamOf } from '../../unit/instruments/master-rows.js';
import { openMarketHouse } from '../market/market-house.js';
import { kindsHere, ownDatabase, type Kind, type OwnDatabase } from './databases.js';

/**
 * All other suites hold the stores to their rules on SQLite. Here the same work is done on each database, and what is
 * seen must be the same.
 */
const kinds = kindsHere();
const seen = new Map<Kind, Map<string, unknown>>(kinds.map((kind) => [kind, new Map()]));

describe.each(kinds)('a server on %s', (kind) => {
  let own: OwnDatabase;
  let house: House;
  const note = (what: string, value: unknown): void => void seen.get(kind)!.set(what, value);
  const env = (): Record<string, string> => ({
    DATABASE_URL: own.url,
    TRACKER_SECRET: 'the same on every machine',
    RETENTION_DAYS: '1',
    MARKET_SWEEP: 'on',
  });

  beforeAll(async () => {
    Logger.overrideLogger(false);
    own = await ownDatabase(kind);
    house = await openHouse({ env: env(), shares: 2 });
  });
  afterAll(async () => {
    await house.close(false);
    await own.remove();
  });

  it('should capture, refuse, and keep the first capture of a slot', async () => {
    await house.run(6);
    const ask = house.broker.onChain;
    house.broker.onChain = (call) => {
      const quote = ask(call) as Awaited<ReturnType<typeof ask>>;
      if (quote instanceof Promise || !('strikes' in quote)) return quote;
      const empty = <L extends { oi: number | null } | null>(leg: L): L => leg && { ...leg, oi: 0 };
      return {
        ...quote,
        strikes: quote.strikes.map((s) => ({ ...s, call: empty(s.call), put: empty(s.put) })),
      };
    };
    await house.tick('10:06');
    house.broker.onChain = ask;
    await house.tick('10:07');
    expect(house.metrics.captures).toMatchObject({ captured: 7, refused: 1, failed: 0 });
    const store = house.get(SnapshotStore);
    const id = (await store.findChain(NIFTY))!;
    const [first] = await store.load(id, at('10:00'), at('10:00'));
    const again = { snapshot: { ...first!, spot: 1 }, unknownLegs: 0, phantomLegs: 0 };
    expect(await store.commit(id, [again], null)).toEqual([]);
    expect(await store.refuseAll([])).toBeUndefined();
    note(
      'tables',
      house.published.map(({ table }) => table),
    );
    note(
      'frames',
      house.published.map(({ frame }) => frame),
    );
    note('snapshots', await store.load(id, at('10:00'), at('10:10')));
    note('refusals', await store.refusals(id, at('10:00'), at('10:10')));
    note('slots', await store.slots(id, at('10:00'), at('10:10')));
    note('seqs', [...(await store.seqs([id])).values()]);
    note('quality', await house.get(QualityService).report(DAY));
    note('at', await house.chains.at(NIFTY, at('10:03')));
  });

  it('should go on after a restart where it was', async () => {
    const before = house.published.at(-1)!.table;
    await house.close(true);
    house = await openHouse({ dir: house.dir, env: env(), at: '10:08', shares: 2 });
    expect(await house.chains.latest(NIFTY)).toEqual(before);
    await house.tick();
    const after = house.published.at(-1)!.table;
    expect([after.seq, after.slot]).toEqual([before.seq + 1, slotAtTime('10:08')]);
    note('table after a restart', after);
  });

  it('should know sign-ins, tokens and broker sign-ins under way', async () => {
    const { tokens, clock } = house;
    const sessions = house.get(SessionService);
    const person = { brokerUser: 'A', method: 'token', name: 'A', tokenId: 'x' } as const;
    const { signIn, id } = await sessions.create(person);
    clock.advance(2 * MINUTE_MS);
    expect(await sessions.keepAlive(signIn.idHash)).toMatchObject({ ...person, seenAt: clock.now() });
    expect(await sessions.find({ cookie: `oi_session=${id}` })).not.toBeNull();
    expect(await sessions.countByToken('x')).toBe(1);
    await sessions.end(signIn.idHash);
    expect(await sessions.keepAlive(signIn.idHash)).toBeNull();
    const expiring = await sessions.create(person);
    clock.advance(DAY_MS * 40);
    expect(await sessions.sweep()).toBe(1);
    expect(await sessions.keepAlive(expiring.signIn.idHash)).toBeNull();
    clock.set(at('10:10'));

    clock.advance(1_000);
    const added = await tokens.add({
      userId: 'B',
      method: 'token',
      accessToken: 'b',
      expiresAt: at('11:00'),
    });
    expect(tokens.expiresAt(added)).toBe(at('11:00'));
    tokens.markDead({ accessToken: 'b', userId: 'B' }, 'refused');
    clock.advance(1_000);
    await tokens.add({ userId: 'C', method: 'token', accessToken: 'c', expiresAt: null });
    expect(await tokens.refresh()).toBe(false);
    const unattended = house.get(UnattendedTokens);
    const listed = await unattended.list();
    expect(listed.map(({ userId, deadReason }) => [userId, deadReason])).toEqual([
      ['A', null],
      ['B', 'refused'],
      ['C', null],
    ]);
    await unattended.remove(listed[2]!.id);
    expect(await tokens.refresh()).toBe(true);
    expect(tokens.current()).toEqual({ accessToken: TOKEN, userId: 'A' });

    const states = house.get(OAuthStateStore);
    const credentials = { clientId: 'key', clientSecret: 'secret' };
    const state = await states.begin(credentials, 'browser');
    expect(await states.consume(state, 'browser')).toEqual(credentials);
    expect(await states.consume(state, 'browser')).toBeNull();
  });

  it('should import lists of contracts', async () => {
    const instruments = house.get(InstrumentsService);
    const load = async (time: string, rows: readonly unknown[]): Promise<unknown> => {
      const report = await instruments.importFrom(streamOf(masterFile(rows)), {
        source: 'test',
        asOf: at(time),
      });
      return { ...report, ms: 0 };
    };
    const next = chainRows(NIFTY_NEXT.expiry, 6, 51_000);
    const changed = next.map((row, i) => ({
      ...row,
      lot_size: i === 0 ? 75 : 65,
      instrument_key: `NSE_FO|${60_000 + i}`,
    }));
    const reports = [
      await load('10:20', [NIFTY_INDEX, ...next]),
      await load('10:21', [NIFTY_INDEX, ...changed]),
      await load('10:22', [NIFTY_INDEX, ...next, ...chainRows('2026-09-01', 4, 52_000)]),
      await load('10:23', [NIFTY_INDEX, ...changed.slice(2), ...chainRows('2026-09-01', 4, 52_000)]),
    ];
    note('imports', reports);
    note('underlyings', await instruments.underlyings(DAY));
    note('expiries', await instruments.expiries(NIFTY.underlying, DAY));
    note('chain', await instruments.chain(NIFTY_NEXT.underlying, NIFTY_NEXT.expiry));
    expect(instruments.status()).toMatchObject({ state: 'ready', asOf: at('10:23') });
    expect(await instruments.refresh()).toBe(false);
  });

  it('should keep the calendar', async () => {
    const calendar = house.get(CalendarService);
    const [start, end] = [istAt('2026-08-18', '09:00'), istAt('2026-08-18', '16:00')];
    house.broker.onTimings = () => [{ exchange: 'NFO', start, end }];
    await calendar.refresh({ accessToken: TOKEN, userId: 'A' });
    await calendar.refresh({ accessToken: TOKEN, userId: 'A' });
    await calendar.load();
    expect(calendar.day('NSE', '2026-08-18').sessions).toEqual([{ start, end }]);
  });

  it('should write a day out and take it in again', async () => {
    const report = { slots: 0, rows: 0, backfilledLeftOut: 0 } as never;
    const lines: string[] = [];
    for await (const line of house.get(DayExport).lines('NIFTY', DAY, report)) lines.push(line);
    note('export', lines);
    const file = join(house.dir, 'day.csv.gz');
    writeFileSync(file, gzipSync(lines.map((line) => line.trimEnd()).join('\n') + '\n'));
    note('import of what is there', await house.get(DayImport).run(file));
  });

  it('should give the place of a damaged minute to the same minute imported again', async () => {
    const store = house.get(SnapshotStore);
    const id = (await store.findChain(NIFTY))!;
    const [whole] = await store.load(id, at('10:02'), at('10:02'));
    await house
      .get(DataSource)
      .query('UPDATE snapshot SET payload = $1 WHERE chain_id = $2 AND slot = $3', [
        Buffer.alloc(90, 7),
        id,
        at('10:02'),
      ]);
    expect(await store.load(id, at('10:02'), at('10:02'))).toEqual([]);
    const again = { chainId: id, snapshot: whole!, unknownLegs: 0, phantomLegs: 0 };
    expect(await store.commitMany([again])).toBe(1);
    expect(await store.load(id, at('10:02'), at('10:02'))).toEqual([whole]);
    expect(await store.commitMany([again])).toBe(0);
    note('mended', await store.slots(id, at('10:00'), at('10:10')));
  });

  it('should delete what is older than the owner wants to keep', async () => {
    house.clock.set(istAt(addDays(DAY, 5), '10:00'));
    const deleted = await house.get(Retention).run();
    expect(deleted).toBeGreaterThan(0);
    note('deleted', deleted);
    expect(await house.get(Retention).run()).toBe(0);
  });
});

describe.each(kinds)('the whole market on %s', (kind) => {
  let own: OwnDatabase;

  beforeAll(async () => {
    own = await ownDatabase(kind);
  });
  afterAll(() => own.remove());

  it('should sweep, read back after a restart, and pack the day', async () => {
    const note = (what: string, value: unknown): void => void seen.get(kind)!.set(what, value);
    const env = { DATABASE_URL: own.url, TRACKER_SECRET: 'the same on every machine', MARKET_SWEEP: 'on' };
    const house = await openMarketHouse({ env, shares: 3 });
    await house.sweep(4);
    note('rows', house.rows.at(-1));
    await house.close(true);
    const again = await openMarketHouse({ env, shares: 3, dir: house.dir, at: '10:05' });
    await again.sweep(2);
    note('rows after a restart', again.rows.at(-1));
    again.clock.set(istAt(addDays(DAY, 1), '08:00'));
    note('packed', await again.get(DayPacker).run());
    const db = again.get(DataSource);
    note('chunks', await db.query('SELECT chain_id, date, slots, payload FROM day_chunk ORDER BY chain_id'));
    expect(await db.query('SELECT slot FROM minute')).toEqual([]);
    await again.close(false);
  });
});

if (kinds.length > 1)
  it('should have seen the same on every database', () => {
    const [sqlite, postgres] = [seen.get('sqlite')!, seen.get('postgres')!];
    expect([...postgres.keys()]).toEqual([...sqlite.keys()]);
    expect(sqlite.size).toBeGreaterThan(15);
    for (const [what, value] of sqlite) expect([what, postgres.get(what)]).toEqual([what, value]);
  });
