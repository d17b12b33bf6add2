import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { ChainGateway } from '../../../server/gateway/chain.gateway.js';
import type { ChangeFrame, Table } from '../../../server/protocol/index.js';
import { Feed } from '../../../server/snapshot/feed.js';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { at, NIFTY, openFaultyHouse, until, type FaultyHouse } from '../../support/faulty-house.js';
import type { TrackerSocket } from '../../support/harness-client.js';
import { Watcher } from '../../support/harness-watch.js';
import { ask, closeSockets, connect, watch, type ScreenSocket } from '../../support/sockets.js';
import { RawScreen } from '../attacks/raw-screen.js';

/** Screens that do not read, vanish, lose frames, or come from another life of the server. */

let house: FaultyHouse;
const raw: RawScreen[] = [];
afterEach(async () => {
  for (const screen of raw.splice(0)) screen.close();
  closeSockets();
  await house.close();
});

const WATCH = `420["chain:watch",${JSON.stringify(NIFTY)}]`;

/** A screen that watches, answers no ping, and reads nothing from then on. */
async function stalled(cookie: string): Promise<RawScreen> {
  const screen = await RawScreen.open(house.base, { cookie, origin: house.base });
  raw.push(screen);
  screen.say('40');
  await until('the welcome', () => screen.heard.some((text) => text.startsWith('40')));
  screen.say(WATCH);
  await until('the table', () => screen.heard.some((text) => text.startsWith('430')));
  screen.socket.pause();
  return screen;
}

const watchers = (): number => house.get(WatchRegistry).watchers(NIFTY);
const screenOf = async (cookie: string): Promise<ScreenSocket> => {
  const socket = await connect(house.base, { cookie, origin: house.base });
  expect(await watch(socket, NIFTY)).toMatchObject({ ok: true });
  return socket;
};

/** What waits in the server for each screen, bytes. */
function queued(): number[] {
  interface Sockets {
    server: { sockets: { sockets: Map<string, { conn: Connection }> } };
  }
  interface Connection {
    writeBuffer: { data?: string }[];
    transport: { socket: { bufferedAmount: number } };
  }
  const { server } = house.get(ChainGateway) as unknown as Sockets;
  return [...server.sockets.sockets.values()].map(({ conn }) => {
    const waiting = conn.writeBuffer.reduce((sum, packet) => sum + (packet.data?.length ?? 0), 0);
    return waiting + conn.transport.socket.bufferedAmount;
  });
}

describe('F35 a tenth of the watchers stop reading', () => {
  const PUSHES = 160;
  const PADDING = Array.from({ length: 50_000 }, () => 1);

  it('should cost 200 KB each at most, delay nobody, and bring them to the newest table when they read again', async () => {
    // No ping in this test's time: who reads nothing answers none, and would be cut for that on a slow machine.
    house = await openFaultyHouse({ sockets: { pingInterval: 3_600_000 } });
    await house.minutes(2);
    const cookie = await house.signIn();
    const good = await Promise.all(Array.from({ length: 9 }, () => screenOf(cookie)));
    const seen = good.map(() => [] as number[]);
    good.forEach((socket, i) => socket.on('chain:change', ({ seq }) => seen[i]!.push(seq)));
    const bad = [await stalled(cookie)];
    const before = bad.map(({ heard }) => heard.length);
    const table = (await house.chains.latest(NIFTY)) as Table;
    let most = 0;
    for (let n = 1; n <= PUSHES; n++) {
      const seq = table.seq + n;
      // As heavy as the whole market would be: the kernel's own buffers take megabytes first.
      const frame = { ...emptyFrame(table), seq, oi: PADDING };
      house.get(Feed).publishTable({ chain: NIFTY, table: { ...table, seq }, frame });
      await until('the screens that read', () => seen.every((list) => list.length === n));
      most = Math.max(most, ...queued());
    }
    const all = Array.from({ length: PUSHES }, (_, n) => table.seq + n + 1);
    for (const list of seen) expect(list).toEqual(all);
    // What each cost beyond its socket: the limit and the push that went over it, all others are not even queued.
    expect(most).toBeLessThan(200 * 1024);
    const { deferred } = house.metrics.pushes;
    expect(deferred).toBeGreaterThan(10 * bad.length);
    expect(deferred).toBeLessThanOrEqual(PUSHES * bad.length);
    // Nothing of it waits for those that read.
    expect(queued().filter((bytes) => bytes > 0).length).toBeLessThanOrEqual(bad.length);
    const newest = `"seq":${table.seq + PUSHES},`;
    for (const [i, screen] of bad.entries()) {
      screen.socket.resume();
      await until('the newest change', () => screen.heard.some((text) => text.includes(newest)));
      // It has missed some and sees that by the number: it would ask for the whole table now.
      expect(screen.heard.length - before[i]!).toBeLessThan(PUSHES);
      const told = screen.heard.length;
      screen.say(WATCH);
      await until('the whole table', () => screen.heard.slice(told).some((text) => text.startsWith('430')));
    }
    expect(watchers()).toBe(good.length + bad.length);
  }, 300_000);
});

describe('F36 a watcher that is half open', () => {
  it('should be counted out, and its connection given up, within a ping and its time-out', async () => {
    house = await openFaultyHouse({ sockets: { pingInterval: 400, pingTimeout: 800 } });
    await house.minutes(2);
    const cookie = await house.signIn();
    await stalled(cookie);
    const began = performance.now();
    expect(watchers()).toBe(1);
    await until('the end of the dead screen', () => watchers() === 0, 15_000);
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(400);
    // A ping, its time-out, and what a busy machine's timers are late by.
    expect(took).toBeLessThan(400 + 800 + 2_500);
    expect(house.get(ChainGateway).screens).toBe(0);
  });
});

describe('F38 frames that are lost, doubled or out of order on the way', () => {
  it('should be noticed by their numbers, every one, and end in the very table of the server', async () => {
    house = await openFaultyHouse();
    await house.minutes(1);
    const socket = await connect(house.base, { cookie: await house.signIn(), origin: house.base });
    const watcher = await Watcher.open(badLine(socket), NIFTY);
    for (let minute = 0; minute < 26; minute++) {
      house.clock.advance(MINUTE_MS);
      await house.tick();
    }
    const newest = await house.chains.latest(NIFTY);
    await until('the last table', () => watcher.table?.slot === newest?.slot);
    expect(watcher.table).toEqual(newest);
    expect(watcher.gaps).toBeGreaterThan(3);
    // No table on the way was a mixture: each is the server's own of its slot.
    for (const table of watcher.tables) {
      const own = await house.chains.at(NIFTY, table.slot);
      expect({ ...table, seq: 0 }).toEqual({ ...own, seq: 0 });
    }
  });
});

describe('F39 a screen with the table of another life of the server', () => {
  it('should get the whole table, and apply nothing of the one life to the other', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const earlier = await mkdtemp(join(tmpdir(), 'oi-tracker-earlier-'));
    await house.get(DataSource).query('PRAGMA wal_checkpoint(TRUNCATE)');
    await cp(join(house.dir, 'tracker.db'), join(earlier, 'tracker.db'));
    await house.minutes(6);
    const old = (await house.screen()).table;
    closeSockets();
    await house.close();
    // The server comes back from a backup: its numbers begin again below those that screens know.
    house = await openFaultyHouse({ dir: earlier, at: at('09:25') });
    const socket = await connect(house.base, { cookie: await house.signIn(), origin: house.base });
    const watcher = await Watcher.open(socket as TrackerSocket, NIFTY);
    expect(watcher.table?.seq).toBeLessThan(old?.seq ?? 0);
    for (let minute = 0; minute < 4; minute++) {
      house.clock.advance(MINUTE_MS);
      await house.tick();
      await house.rebuilt();
    }
    const newest = await house.chains.latest(NIFTY);
    await until('the newest table', () => watcher.table?.seq === newest?.seq);
    expect(watcher.table).toEqual(newest);
    await house.close(false);
    house = await openFaultyHouse();
  });
});

describe('F45 a screen of another version', () => {
  it('should be served or refused in plain words by what it says, and get no answer that it could misread', async () => {
    house = await openFaultyHouse();
    await house.minutes(2);
    const own = await house.screen();
    const headers = { cookie: await house.signIn(), origin: house.base };
    // It says that it takes what this server does not make: it gets what every screen understands.
    const later = await connect(house.base, headers, ['websocket'], { accepts: 'zstd', v: 7 });
    const frames: ChangeFrame[] = [];
    later.on('chain:change', (frame) => frames.push(frame));
    expect(await watch(later, NIFTY)).toMatchObject({ ok: true, table: own.table });
    const odd = [
      { ...NIFTY, since: 5 },
      { chain: NIFTY },
      [NIFTY, { v: 2 }],
      { ...NIFTY, expiry: 20_260_818 },
    ];
    for (const asked of odd)
      expect(await ask(later, 'chain:watch', asked)).toEqual({
        ok: false,
        error: { code: 'bad-request', message: expect.stringMatching(/^Name a chain as /) },
      });
    (later as unknown as { emit(event: string, payload: unknown): void }).emit('chain:follow', {
      v: 2,
      NIFTY,
    });
    await house.at('09:17');
    const newest = await house.chains.latest(NIFTY);
    await until('the change', () => frames.length > 0 && own.table?.seq === newest?.seq);
    // The packing is said with each: who does not know it reads nothing of it (test/unit/client).
    expect(frames.map(({ v, seq }) => [v, seq])).toEqual([[1, newest!.seq]]);
    expect(own.table).toEqual(newest);
    expect(house.logged('error')).toEqual([]);
  });
});

/** A frame that changes nothing. */
function emptyFrame(table: Table) {
  const { underlying, expiry, slot, capturedAt, source, spot, atmStrike, totals, rows, intervals } = table;
  return {
    ...{
      v: 1 as const,
      underlying: underlying.key,
      expiry,
      slot,
      capturedAt,
      source,
      spot,
      atmStrike,
      totals,
    },
    ...{ rows: rows.length, oiSet: [], ltp: [], ltpSet: [], volume: [], volumeSet: [], prevOi: [] },
    ...{ base: intervals.map(() => null), baseShift: [], abs: [], state: [], buildUp: [] },
  };
}

/** Loses every fifth frame, doubles every seventh, and holds every sixth back until the next. */
function badLine(socket: ScreenSocket): TrackerSocket {
  let count = 0;
  let held: (() => void) | null = null;
  const line = {
    emit: socket.emit.bind(socket),
    on: (event: string, listener: (payload: unknown) => void) => {
      const on = socket.on.bind(socket) as unknown as (
        name: string,
        call: (payload: unknown) => void,
      ) => void;
      if (event !== 'chain:change') return on(event, listener);
      on(event, (frame) => {
        count += 1;
        if (count % 5 === 0) return;
        if (count % 6 === 0) {
          held = () => listener(frame);
          return;
        }
        listener(frame);
        if (count % 7 === 0) listener(frame);
        held?.();
        held = null;
      });
    },
  };
  return line as unknown as TrackerSocket;
}
