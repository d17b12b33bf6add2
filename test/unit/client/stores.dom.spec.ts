import { jest } from '@jest/globals';
import { ChainStore } from '../../../client/state/chain.svelte.js';
import { Feed } from '../../../client/state/feed.svelte.js';
import { Settings, STORAGE_KEY } from '../../../client/state/settings.svelte.js';
import { DEFAULT_THRESHOLDS } from '../../../client/lib/view.js';
import type { ChangeFrame, FeedStatus, WatchAck } from '../../../server/protocol/index.js';
import { anEmptyFrame, aStatus, aTable, FakeLink, NIFTY, settle, SLOT } from './fakes.js';

const ok = (table = aTable()): WatchAck => ({ ok: true, table, status: aStatus() });

describe('ChainStore', () => {
  let link: FakeLink;
  let statuses: FeedStatus[];
  let chain: ChainStore;
  beforeEach(() => {
    link = new FakeLink();
    statuses = [];
    chain = new ChainStore(link, (status) => statuses.push(status));
  });

  async function watching(): Promise<void> {
    chain.watch(NIFTY);
    link.watched[0]?.answer(ok());
    await settle();
  }

  it('should show the whole table first, then follow it frame by frame', async () => {
    await watching();
    expect([chain.phase, chain.table?.seq, statuses.length]).toEqual(['ready', 1, 1]);
    chain.apply(anEmptyFrame(aTable()));
    expect([chain.table?.seq, chain.table?.slot]).toEqual([2, SLOT + 60_000]);
    expect(link.watched).toHaveLength(1);
  });

  it('should watch again on a gap and keep the table meanwhile', async () => {
    await watching();
    chain.apply(anEmptyFrame(aTable(), { seq: 5 }));
    expect([link.watched.length, chain.resyncs, chain.table?.seq]).toEqual([2, 1, 1]);
    link.watched[1]?.answer(ok(aTable({ seq: 5 })));
    await settle();
    expect(chain.table?.seq).toBe(5);
  });

  it('should watch again when the server asks every screen to', async () => {
    await watching();
    chain.apply(anEmptyFrame(aTable(), { rows: 0 }));
    expect(link.watched).toHaveLength(2);
  });

  it('should be served whole tables by a server of another packing, and misread none of its frames (F45)', async () => {
    await watching();
    for (const seq of [2, 3]) {
      // Its columns mean something else.
      chain.apply({ ...anEmptyFrame(aTable(), { seq }), v: 2, oi: [0, 65], base: 'none' } as never);
      expect([link.watched.length, chain.table?.seq]).toEqual([seq, seq - 1]);
      link.watched[seq - 1]?.answer(ok(aTable({ seq })));
      await settle();
      expect([chain.phase, chain.table]).toEqual(['ready', aTable({ seq })]);
    }
  });

  it('should drop frames it has already, and frames of other chains', async () => {
    await watching();
    chain.apply(anEmptyFrame(aTable(), { seq: 1 }));
    chain.apply(anEmptyFrame(aTable(), { expiry: '2026-08-25', seq: 9 }));
    expect([chain.table?.seq, link.watched.length]).toEqual([1, 1]);
  });

  it('should apply frames that overtook the answer they follow', async () => {
    chain.watch(NIFTY);
    chain.apply(anEmptyFrame(aTable()));
    link.watched[0]?.answer(ok());
    await settle();
    expect([chain.table?.seq, chain.resyncs]).toEqual([2, 0]);
  });

  it('should fetch the table when the first frame comes to a chain without one', async () => {
    chain.watch(NIFTY);
    link.watched[0]?.answer({ ok: true, table: null, status: aStatus({ state: 'waiting' }) });
    await settle();
    expect(chain.phase).toBe('waiting');
    chain.apply(anEmptyFrame(aTable()));
    expect(link.watched).toHaveLength(2);
  });

  it('should not let an answer for an earlier chain overtake a later one', async () => {
    chain.watch(NIFTY);
    chain.watch({ ...NIFTY, expiry: '2026-08-25' });
    link.watched[1]?.answer(ok(aTable({ expiry: '2026-08-25' })));
    link.watched[0]?.answer(ok());
    await settle();
    expect(chain.table?.expiry).toBe('2026-08-25');
    expect(link.left).toEqual([NIFTY]);
  });

  it('should say why there is no table, and keep one it has when the line breaks', async () => {
    chain.watch(NIFTY);
    link.watched[0]?.answer({ ok: false, error: { code: 'unknown-expiry', message: 'No such expiry.' } });
    await settle();
    expect([chain.phase, chain.problem?.message]).toEqual(['failed', 'No such expiry.']);
    void chain.sync();
    link.watched[1]?.answer(ok());
    await settle();
    void chain.sync();
    link.watched[2]?.fail(new Error('timeout'));
    await settle();
    expect(chain.table?.seq).toBe(1);
  });

  it('should not ask while the line is down', () => {
    link.connected = false;
    chain.watch(NIFTY);
    expect([link.watched.length, chain.phase]).toEqual([0, 'loading']);
  });
});

describe('Feed', () => {
  let local: number;
  let feed: Feed;
  beforeEach(() => {
    local = 1_000_000;
    feed = new Feed(() => local);
  });
  const pass = (ms: number): void => {
    local += ms;
    feed.tick();
  };

  it("should tell the server's time, whatever this machine's clock says, at the server's rate", () => {
    feed.up();
    feed.take(aStatus({ clockRate: 60 }), NIFTY);
    pass(2_000);
    expect(feed.now).toBe(SLOT + 3_000 + 120_000);
  });

  it('should doubt "live" once the newest capture has grown old', () => {
    feed.up();
    feed.take(aStatus(), NIFTY);
    expect(feed.label).toMatchObject({ tone: 'live', text: 'Live', age: '1 s' });
    pass(40_000);
    expect(feed.label).toMatchObject({ tone: 'live', age: '41 s' });
    pass(160_000);
    expect(feed.label).toMatchObject({ tone: 'stale', age: '3 min 21 s' });
  });

  it("should note when a push of the chain came, by the server's clock, until another chain is looked at", () => {
    feed.up();
    feed.take(aStatus(), NIFTY);
    const frame = { ...NIFTY, slot: SLOT + 60_000, capturedAt: SLOT + 61_000 } as ChangeFrame;
    expect(feed.arrivedAt).toBeNull();
    local += 59_000;
    feed.takeChange({ ...frame, expiry: '2026-09-01' }, NIFTY);
    expect(feed.arrivedAt).toBeNull();
    feed.takeChange(frame, NIFTY);
    expect(feed.arrivedAt).toBe(SLOT + 62_000);
    expect(feed.label).toMatchObject({ tone: 'live', age: '1 s' });
    feed.forgetChain();
    expect(feed.arrivedAt).toBeNull();
  });

  it('should not say that a push came before it was captured, however long the clock was on its way', () => {
    feed.up();
    feed.take(aStatus(), NIFTY);
    local += 60_500;
    const late = { ...NIFTY, slot: SLOT + 60_000, capturedAt: SLOT + 64_000 } as ChangeFrame;
    feed.takeChange(late, NIFTY);
    expect(feed.arrivedAt).toBe(SLOT + 64_000);
  });

  it('should say since when the server is gone, and go on by itself', () => {
    feed.up();
    feed.take(aStatus(), NIFTY);
    pass(1_000);
    feed.down();
    pass(9_000);
    expect(feed.label).toMatchObject({ tone: 'gone', age: '9 s' });
    expect(feed.label.notice).toContain('14:32:04');
    feed.up();
    expect(feed.label.tone).toBe('live');
  });

  it('should not listen to word about other chains', () => {
    feed.up();
    feed.take(aStatus({ chain: null, state: 'closed' }), NIFTY);
    feed.take(aStatus({ chain: { ...NIFTY, expiry: '2026-08-25' } }), NIFTY);
    expect(feed.label.tone).toBe('closed');
  });

  it.each([
    ['stale', 'stale'],
    ['closed', 'closed'],
    ['sign-in-needed', 'action'],
    ['back-filling', 'wait'],
    ['waiting', 'wait'],
  ] as const)('should have a word and a notice for %s', (state, tone) => {
    feed.up();
    feed.take(aStatus({ state }), NIFTY);
    expect(feed.label.tone).toBe(tone);
    expect(feed.label.notice).toBeTruthy();
  });

  it('should say how old the table is that a needed sign-in leaves on the screen, running on', () => {
    feed.up();
    feed.take(aStatus({ state: 'sign-in-needed', needsSignIn: true, serverNow: SLOT + 63_300 }), NIFTY);
    expect(feed.label).toMatchObject({
      tone: 'action',
      text: 'Sign-in needed',
      age: '1 min 2 s',
      signIn: true,
    });
    pass(5_000);
    expect(feed.label.age).toBe('1 min 7 s');
    feed.take(aStatus({ state: 'sign-in-needed', needsSignIn: true, lastCapturedAt: null }), NIFTY);
    expect(feed.label.age).toBeNull();
  });

  it.each([
    ['live', false, false],
    ['closed', false, false],
    ['closed', true, true],
    ['sign-in-needed', true, true],
    // As an older server says it.
    ['sign-in-needed', undefined, true],
    ['closed', undefined, false],
  ] as const)('should, %s with needsSignIn %s, offer a new sign-in: %s', (state, needsSignIn, offered) => {
    feed.up();
    feed.take(aStatus({ state, needsSignIn: needsSignIn as boolean }), NIFTY);
    expect(feed.label.signIn).toBe(offered);
    feed.down();
    expect(feed.label.signIn).toBe(false);
  });
});

describe('Settings', () => {
  const stored = (text: string | null): Settings =>
    new Settings({ getItem: () => text, setItem: () => undefined });

  it('should start with the defaults and keep what is set', () => {
    const setItem = jest.fn();
    const settings = new Settings({ getItem: () => null, setItem });
    expect(settings.data).toMatchObject({ reach: 3, measure: 'both', theme: 'auto', units: 'lakh' });
    settings.set({ reach: 'all' });
    expect(settings.data.reach).toBe('all');
    expect(setItem).toHaveBeenCalledWith(STORAGE_KEY, expect.stringContaining('"reach":"all"'));
  });

  it('should take what is valid from an old or edited store', () => {
    const { data } = stored('{"reach":7,"measure":"qty","thresholds":{"3":2,"5":-1,"10":"x"},"window":15}');
    expect([data.reach, data.measure, data.window]).toEqual([3, 'qty', 15]);
    expect(data.thresholds).toEqual({ ...DEFAULT_THRESHOLDS, 3: 2 });
  });

  it.each(['{', 'null', '[]', '7'])('should survive a store that holds %s', (text) =>
    expect(stored(text).data.reach).toBe(3),
  );

  it('should say so when the browser does not keep them', () => {
    const settings = new Settings({
      getItem: () => null,
      setItem: () => {
        throw new Error('quota');
      },
    });
    settings.cycleMeasure();
    expect([settings.data.measure, settings.problem]).toEqual(['pct', expect.stringContaining('quota')]);
  });
});
