import { applyMarket } from '../../../client/lib/market-merge.js';
import { Settings } from '../../../client/state/settings.svelte.js';
import { MarketStore } from '../../../client/state/market.svelte.js';
import { MarketView } from '../../../client/state/market-view.svelte.js';
import type { MarketBoard, MarketUnwatchAck, MarketWatchAck } from '../../../server/protocol/index.js';
import {
  aMarketBoard,
  aMarketRow,
  aMover,
  aWindow,
  MARKET_INTERVALS,
} from '../../factories/market.factory.js';
import { encodeMarketFrame } from '../../support/market-frame-encoder.mjs';
import { settle } from './fakes.js';

class FakeMarketLink {
  connected = true;
  left = 0;
  readonly asked: { answer: (ack: MarketWatchAck) => void; fail: (error: Error) => void }[] = [];

  watchMarket(): Promise<MarketWatchAck> {
    return new Promise((answer, fail) => this.asked.push({ answer, fail }));
  }

  unwatchMarket(): Promise<MarketUnwatchAck> {
    this.left += 1;
    return Promise.resolve({ ok: true });
  }
}

/** A board of underlyings with the given largest build-ups, per cent. */
function board(seq: number, pcts: Record<string, number>): MarketBoard {
  const rows = Object.entries(pcts).map(([symbol, pct]) => {
    const abs = pct * 650;
    const callBuildUp = aMover({ oi: 65_000 + abs, abs });
    const windows = MARKET_INTERVALS.map(() => aWindow({ movers: { callBuildUp } }));
    return aMarketRow({ key: symbol, symbol, windows });
  });
  return aMarketBoard({ seq, rows });
}
const ok = (of: MarketBoard | null): MarketWatchAck => ({ ok: true, board: of, sweep: aMarketBoard().sweep });

describe('MarketStore', () => {
  let link: FakeMarketLink;
  let market: MarketStore;
  const first = board(1, { A: 10, B: 5 });
  const second = board(2, { A: 10, B: 50 });
  const third = board(3, { A: 90, B: 50 });
  beforeEach(() => {
    link = new FakeMarketLink();
    market = new MarketStore(link, () => Promise.resolve({ applyMarket }));
  });

  async function opened(): Promise<void> {
    market.open();
    link.asked[0]?.answer(ok(first));
    await settle();
  }

  it('should follow the board frame by frame', async () => {
    await opened();
    market.apply(encodeMarketFrame(first, second));
    expect([market.phase, market.board]).toEqual(['ready', second]);
    expect(link.asked).toHaveLength(1);
  });

  it('should ask again on a gap, keep the board meanwhile, and not mind old frames', async () => {
    await opened();
    market.apply(encodeMarketFrame(second, third));
    expect([link.asked.length, market.resyncs, market.board?.seq]).toEqual([2, 1, 1]);
    market.apply(encodeMarketFrame(first, second));
    link.asked[1]?.answer(ok(third));
    await settle();
    expect([market.board, market.resyncs]).toEqual([third, 1]);
  });

  it('should be served whole boards by a server of another packing, and misread none of its frames (F45)', async () => {
    await opened();
    market.apply({ ...encodeMarketFrame(first, second), v: 2, changed: 'all' } as never);
    expect([link.asked.length, market.board]).toEqual([2, first]);
    link.asked[1]?.answer(ok(second));
    await settle();
    expect(market.board).toEqual(second);
  });

  it('should apply frames that overtook the answer they follow', async () => {
    market.open();
    market.apply(encodeMarketFrame(first, second));
    link.asked[0]?.answer(ok(first));
    await settle();
    expect([market.board, market.resyncs]).toEqual([second, 0]);
  });

  it('should wait where nothing was swept, and ask when the first rows come', async () => {
    market.open();
    link.asked[0]?.answer(ok(null));
    await settle();
    expect(market.phase).toBe('waiting');
    market.apply({ ...encodeMarketFrame(first, first), rows: 0 });
    expect(link.asked).toHaveLength(2);
  });

  it('should leave when the page closes, and show the old board until the new one is here', async () => {
    await opened();
    market.close();
    market.apply(encodeMarketFrame(first, second));
    expect([link.left, market.board?.seq]).toEqual([1, 1]);
    market.open();
    expect([market.phase, market.board?.seq, link.asked.length]).toEqual(['ready', 1, 2]);
    market.forget();
    link.asked[1]?.answer(ok(third));
    await settle();
    expect([market.board, market.phase]).toEqual([null, 'idle']);
  });

  it('should say why there are no rows', async () => {
    market.open();
    link.asked[0]?.answer({ ok: false, error: { code: 'too-many-requests', message: 'Wait.' } });
    await settle();
    expect([market.phase, market.problem?.message]).toEqual(['failed', 'Wait.']);
    void market.sync();
    link.asked[1]?.fail(new Error('timeout'));
    await settle();
    expect(market.phase).toBe('failed');
  });
});

describe('MarketView', () => {
  let now: number;
  let market: MarketStore;
  let view: MarketView;
  let link: FakeMarketLink;
  const first = board(1, { A: 10, B: 5, C: 1 });
  const second = board(2, { A: 10, B: 50, C: 1 });
  beforeEach(async () => {
    now = 100_000;
    link = new FakeMarketLink();
    market = new MarketStore(link, () => Promise.resolve({ applyMarket }));
    const settings = new Settings({ getItem: () => null, setItem: () => undefined });
    view = new MarketView(
      () => market.board,
      settings,
      () => now,
    );
    market.open();
    link.asked[0]?.answer(ok(first));
    await settle();
    view.pushed();
  });
  const keys = (): string => view.rows.map(({ key }) => key).join('');
  function push(): void {
    market.apply(encodeMarketFrame(first, second));
    view.pushed();
  }

  it('should sort at a push while nobody is in the table', () => {
    expect(keys()).toBe('ABC');
    push();
    expect([keys(), view.moved]).toEqual(['BAC', 0]);
  });

  it('should hold the rows under a moving pointer, say how many moved, and sort when told', () => {
    view.pointerMoved();
    push();
    expect([keys(), view.moved, view.rows[1]?.windows[0]?.topBuildUp?.pct]).toEqual(['ABC', 2, 50]);
    view.settle();
    expect([keys(), view.moved]).toEqual(['BAC', 0]);
  });

  it('should sort under a pointer that has rested for two seconds', () => {
    view.pointerMoved();
    now += 2_000;
    push();
    expect(keys()).toBe('BAC');
  });

  it('should sort as soon as the pointer leaves', () => {
    view.pointerMoved();
    push();
    view.pointerLeft();
    expect(keys()).toBe('BAC');
  });

  it('should hold the rows while the focus is in the table, however long', () => {
    view.focusIn();
    now += 60_000;
    push();
    expect([keys(), view.moved]).toEqual(['ABC', 2]);
    view.focusLeft();
    expect(keys()).toBe('BAC');
  });

  it('should sort at once when a person changes what is asked', () => {
    view.pointerMoved();
    push();
    view.sortBy('symbol');
    expect(keys()).toBe('ABC');
    view.sortBy('symbol');
    expect(keys()).toBe('CBA');
    view.text = 'b';
    expect(keys()).toBe('B');
  });

  it('should stop at the ends of the windows', () => {
    for (let i = 0; i < 9; i++) view.stepWindow(1);
    expect(view.window).toBe(30);
    for (let i = 0; i < 9; i++) view.stepWindow(-1);
    expect(view.window).toBe(3);
  });
});
