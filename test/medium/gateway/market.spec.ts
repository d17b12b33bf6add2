import fc from 'fast-check';
import { applyMarket } from '../../../client/lib/market-merge.js';
import { MarketFeed } from '../../../server/market/market-feed.js';
import type {
  MarketBoard,
  MarketRows,
  MarketUnwatchAck,
  MarketWatchAck,
} from '../../../server/protocol/index.js';
import { aMarketBoard, aMarketRow, anyRow, MARKET_SLOT } from '../../factories/market.factory.js';
import { openHouse, type House } from '../../support/house.js';
import { ask, closeSockets, connect, settled, type ScreenSocket } from '../../support/sockets.js';

let house: House;
let cookie: string;
beforeEach(async () => {
  house = await openHouse({ listening: true });
  cookie = await house.signIn();
});
afterEach(async () => {
  closeSockets();
  await house.close();
});

const screen = (): Promise<ScreenSocket> => connect(house.base(), { cookie, origin: house.base() });
const watch = (socket: ScreenSocket): Promise<MarketWatchAck> =>
  new Promise((resolve) => socket.emit('market:watch', resolve));
const unwatch = (socket: ScreenSocket): Promise<MarketUnwatchAck> =>
  new Promise((resolve) => socket.emit('market:unwatch', resolve));
const publish = (rows: MarketRows): void => house.get(MarketFeed).publish(rows);
const get = (path: string, headers: Record<string, string> = { cookie }): Promise<Response> =>
  fetch(house.base() + path, { headers });

/** A screen that follows the market as the page does. */
async function follower(): Promise<{
  socket: ScreenSocket;
  board: () => MarketBoard | null;
  frames: () => number;
}> {
  const socket = await screen();
  let board: MarketBoard | null = null;
  let frames = 0;
  socket.on('market:change', (frame) => {
    frames += 1;
    if (board && frame.seq > board.seq) board = applyMarket(board, frame);
  });
  const answer = await watch(socket);
  if (answer.ok) board = answer.board;
  return { socket, board: () => board, frames: () => frames };
}

const shapes = [
  { key: 'A', lotSize: 65, legs: 120 },
  { key: 'B', lotSize: 500, legs: 60 },
];
const rowsAt = (minute: number): MarketRows => {
  const at = MARKET_SLOT + minute * 60_000 + 30_000;
  const [rows] = fc.sample(fc.tuple(...shapes.map((shape) => anyRow(shape, at))), {
    numRuns: 1,
    seed: minute,
  });
  const { seq: _seq, ...board } = aMarketBoard({ at, slot: MARKET_SLOT + minute * 60_000, rows });
  return board;
};

describe('the market page over the wire', () => {
  it('should say that nothing was swept yet, and what the sweep does', async () => {
    const answer = await watch(await screen());
    expect(answer).toMatchObject({ ok: true, board: null, sweep: { state: expect.any(String) } });
    const http = await get('/api/market');
    expect([http.status, await http.json()]).toMatchObject([404, { error: { code: 'no-data' } }]);
  });

  it('should push changes that merge to the very board of HTTP', async () => {
    publish(rowsAt(0));
    const one = await follower();
    for (let minute = 1; minute <= 12; minute++) {
      publish(rowsAt(minute));
      await settled(one.socket);
      expect(one.board()).toEqual(await (await get('/api/market')).json());
    }
    expect(one.frames()).toBe(12);
  });

  it('should pack each minute once, however many watch', async () => {
    publish(rowsAt(0));
    const all = [await follower(), await follower(), await follower()];
    publish(rowsAt(1));
    for (const { socket } of all) await settled(socket);
    expect(all.map(({ frames }) => frames())).toEqual([1, 1, 1]);
    expect(await (await get('/metrics')).text()).toContain('oi_market_frames_encoded_total 2');
  });

  it('should ask every screen to watch again when an underlying is new', async () => {
    publish(rowsAt(0));
    const socket = await screen();
    await watch(socket);
    const asked = new Promise<number>((resolve) => socket.on('market:change', ({ rows }) => resolve(rows)));
    publish({ ...rowsAt(1), rows: [...rowsAt(1).rows, aMarketRow({ key: 'NEW' })] });
    expect(await asked).toBe(0);
    expect(await watch(socket)).toMatchObject({ ok: true, board: { rows: { length: 3 } } });
  });

  it('should keep the rows in one order, however the sweep brought them', async () => {
    const { rows } = rowsAt(0);
    publish({ ...rowsAt(0), rows: rows.toReversed() });
    const one = await follower();
    expect(one.board()?.rows.map(({ key }) => key)).toEqual(['A', 'B']);
  });

  it('should push no more to a screen that left', async () => {
    publish(rowsAt(0));
    const one = await follower();
    expect(await unwatch(one.socket)).toEqual({ ok: true });
    publish(rowsAt(1));
    await settled(one.socket);
    expect(one.frames()).toBe(0);
  });

  it('should refuse a screen that asks in a loop, and answer it', async () => {
    const socket = await screen();
    const answers = await Promise.all(Array.from({ length: 40 }, () => watch(socket)));
    expect(answers.filter(({ ok }) => ok).length).toBeGreaterThanOrEqual(30);
    expect(answers.at(-1)).toMatchObject({ ok: false, error: { code: 'too-many-requests' } });
  });

  it('should survive a request without an acknowledgement, and with rubbish before it', async () => {
    const socket = await screen();
    (socket as unknown as { emit(event: string, ...parts: unknown[]): void }).emit('market:watch');
    expect(await ask(socket, 'market:watch', { window: 5 }, 'x')).toBeDefined();
    expect(await unwatch(socket)).toEqual({ ok: true });
  });
});

describe('the market over HTTP', () => {
  it.each(['/api/market', '/api/market.csv'])(
    'should give %s to those who are signed in only',
    async (path) => {
      publish(rowsAt(0));
      const answer = await get(path, {});
      expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
        401,
        'sign-in-needed',
      ]);
    },
  );

  it('should give a spreadsheet of as many cells in every line', async () => {
    publish({
      ...rowsAt(0),
      rows: [...rowsAt(0).rows, aMarketRow({ key: 'C', symbol: '=1+1', name: 'a, "b"' })],
    });
    const answer = await get('/api/market.csv');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    const lines = (await answer.text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    const odd = lines.find((line) => line.includes('1+1')) ?? '';
    expect(odd).toContain(`'=1+1,C,"a, ""b""",`);
    const cells = (line: string): number => line.replace(/"(?:[^"]|"")*"/g, '').split(',').length;
    expect(new Set(lines.map(cells)).size).toBe(1);
  });
});
