import { jest } from '@jest/globals';
import { createClient } from 'redis';
import { nearestChain } from '../support/harness-chains.js';
import { request, Visitor } from '../support/harness-client.js';
import { type MachineRoom, steps } from '../support/machine-room.js';
import { describeRoom, roomForTests } from '../support/room-for-tests.js';
import { MINUTE } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

describeRoom()('two servers on one PostgreSQL and one Redis', () => {
  let room: MachineRoom;

  roomForTests((one) => (room = one));

  it('should show the same tables on screens of both, for one broker call a chain and slot (R8)', async () => {
    const [a, b] = [await room.screen(room.servers[0]), await room.screen(room.servers[1])];
    for (let i = 0; i < 4; i++) await room.screen();
    const from = room.slotNow() + MINUTE;
    await room.minutes(5);
    for (const server of room.servers)
      expect(await room.metric(server, 'oi_watchers')).toBeGreaterThanOrEqual(2);
    const bySeq = new Map(a.tables.map((table) => [table.seq, table]));
    const shared = b.tables.filter(({ seq }) => bySeq.has(seq));
    expect(shared.length).toBeGreaterThan(3);
    for (const table of shared) expect(table).toEqual(bySeq.get(table.seq));
    const captured = (await room.slots()).filter((slot) => slot >= from);
    expect(captured.length).toBeGreaterThanOrEqual(5);
    const calls = room.callsBySlot();
    for (const slot of captured) expect([slot, calls.get(slot)]).toEqual([slot, 1]);
  });

  it('should collect what is watched on the server that does not collect', async () => {
    const other = await nearestChain(room.visitor, 'BANKNIFTY');
    const screen = await room.screen(room.otherThan(await room.collector()), other);
    // What it shows at once may come of the sweep; what is captured because it is watched, from the next slot on.
    const from = room.slotNow() + MINUTE;
    await room.minutes(3);
    const shown = screen.tables.map(({ slot }) => slot).filter((slot) => slot >= from);
    expect(new Set(shown).size).toBeGreaterThanOrEqual(3);
    await room.until('the captures', async () => {
      const captured = await room.slots(other);
      return shown.every((slot) => captured.includes(slot));
    });
    expect(Math.max(...room.callsBySlot(other).values())).toBe(1);
  });

  it('should end the sockets of a sign-in on both when it ends on one', async () => {
    const leaving = await Visitor.enter(room.url);
    const sockets = [];
    for (const server of room.servers) sockets.push(await new Visitor(server.url, leaving.cookie).socket());
    const ended = sockets.map(
      (socket) => new Promise((resolve) => socket.once('session:ended', ({ code }) => resolve(code))),
    );
    await request(room.servers[0]!.url, '/api/auth/logout', { method: 'POST', cookie: leaving.cookie });
    expect(await Promise.all(ended)).toEqual(['signed-out', 'signed-out']);
  });

  it('S31 should drop what is not news, and believe no news that the database does not bear out', async () => {
    const [installation] = await room.db.query<{ id: string }[]>('SELECT id FROM installation');
    const channel = `oi-tracker:${installation!.id}:news`;
    const forger = await createClient({ url: room.redis.url }).connect();
    const screen = await room.screen(room.servers[0]);
    const before = { gaps: screen.gaps, frames: screen.frames.length };
    const forged = { v: 1, from: 'x', news: { kind: 'chain', ...room.chain } };
    const junk = ['', '{', '[]', JSON.stringify({ ...forged, frame: { oi: [0, 1e9] } }), 'x'.repeat(100_000)];
    for (const text of [...junk, ...Array.from({ length: 200 }, () => JSON.stringify(forged))])
      await forger.publish(channel, text);
    forger.destroy();
    await room.until('the junk to be counted', async () => {
      const counts = room.servers.map((one) => room.metric(one, 'oi_news_total', { outcome: 'malformed' }));
      return (await Promise.all(counts)).every((count) => count >= junk.length);
    });
    await room.minutes(2);
    expect(screen.gaps).toBe(before.gaps);
    const numbers = screen.frames.slice(before.frames).map(({ seq }) => seq);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('should drop the news of another version, count it, and show the same tables on both (F45)', async () => {
    const [installation] = await room.db.query<{ id: string }[]>('SELECT id FROM installation');
    const upgraded = await createClient({ url: room.redis.url }).connect();
    const [one, other] = [await room.screen(room.servers[0]), await room.screen(room.servers[1])];
    const heard = (outcome: string): Promise<number[]> =>
      Promise.all(room.servers.map((server) => room.metric(server, 'oi_news_total', { outcome })));
    const [malformed, received] = [await heard('malformed'), await heard('received')];
    const later = [
      { v: 2, from: 'upgraded', news: { kind: 'chain', ...room.chain } },
      { v: 2, from: 'upgraded', news: { kind: 'chain', chain: 7, frame: [0, 1e9] } },
      { v: 1, from: 'upgraded', news: { kind: 'upgrade', to: 2 } },
      { from: 'older', kind: 'chain', ...room.chain },
    ];
    for (const news of later)
      await upgraded.publish(`oi-tracker:${installation!.id}:news`, JSON.stringify(news));
    upgraded.destroy();
    await room.until('the news to be counted', async () =>
      (await heard('malformed')).every((count, i) => count === malformed[i]! + later.length),
    );
    const gaps = [one.gaps, other.gaps];
    await room.minutes(2);
    // Between themselves they go on to talk.
    expect(Math.max(...(await heard('received')).map((count, i) => count - received[i]!))).toBeGreaterThan(0);
    expect(await heard('malformed')).toEqual(malformed.map((count) => count + later.length));
    expect([one.gaps, other.gaps]).toEqual(gaps);
    await room.until('the same table on both', () => one.table?.seq === other.table?.seq);
    expect(one.table).toEqual(other.table);
    for (const { frames } of [one, other]) expect(frames.filter(({ v }) => v !== 1)).toEqual([]);
  });

  it('should collect again within a slot when the collector is killed, and lose one at most (F43, R8)', async () => {
    const dying = await room.collector();
    const left = room.otherThan(dying);
    const onLeft = await room.screen(left);
    // One on each: the balancer takes turns.
    const comeBack = [await room.screen(null, room.chain, true), await room.screen(null, room.chain, true)];
    await room.minutes(1);
    const last = onLeft.table!.slot;
    const died = room.clock.now();
    await dying.program.kill();
    await room.until('a successor', () => room.collects(left));
    expect(room.clock.now() - died).toBeLessThanOrEqual(MINUTE);
    await room.until('the screens behind the balancer', () => comeBack.every((one) => one.isConnected));
    await room.minutes(3);
    expect(Math.max(...steps((await room.slots()).filter((slot) => slot >= last)))).toBeLessThanOrEqual(2);
    // Those who come now find the one that is left.
    await (await room.screen()).when('a table', () => true);
    room.servers = [left, await room.member()];
  });

  it('should refuse what a collector brings that was paused while another took over (F43, R8)', async () => {
    const paused = await room.collector();
    const successor = room.otherThan(paused);
    const [onPaused, onSuccessor] = [await room.screen(paused), await room.screen(successor)];
    await room.minutes(1);
    const fenced = (): Promise<number> => room.metric(paused, 'oi_fenced_writes_total');
    const before = await fenced();
    // It is held up in the middle of storing a capture, and paused there.
    const letGo = await room.holdUp(
      'SELECT 1 FROM chain_table t JOIN chain c ON c.id = t.chain_id WHERE c.underlying_key = $1 FOR UPDATE OF t',
      [room.chain.underlying],
    );
    room.clock.skipTo(room.slotNow() + MINUTE + 1_000);
    await room.until('a write that waits', async () => {
      const waiting = await room.db.query<unknown[]>(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO chain_table%'`,
      );
      return waiting.length > 0;
    });
    process.kill(paused.program.pid, 'SIGSTOP');
    const stoppedAt = room.clock.now();
    try {
      await room.until('the successor', () => room.collects(successor));
    } finally {
      process.kill(paused.program.pid, 'SIGCONT');
    }
    await room.until('it to see', async () => !(await room.collects(paused)));
    await letGo();
    await room.until('the refusal', async () => (await fenced()) > before);
    await room.minutes(2, [onPaused, onSuccessor]);
    expect([await room.collects(paused), await room.collects(successor)]).toEqual([false, true]);
    // The slot that it wanted to store is not there, or another's capture of it.
    const slot = Math.floor(stoppedAt / MINUTE) * MINUTE;
    const rows = await room.db.query<{ captured_at: string }[]>(
      `SELECT captured_at FROM snapshot s JOIN chain c ON c.id = s.chain_id
       WHERE c.underlying_key = $1 AND c.expiry = $2 AND slot = $3 AND source = 0`,
      [room.chain.underlying, room.chain.expiry, slot],
    );
    for (const row of rows) expect(Number(row.captured_at)).toBeGreaterThan(stoppedAt);
    const numbers = onSuccessor.tables.map(({ seq }) => seq);
    expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y));
  });
});
