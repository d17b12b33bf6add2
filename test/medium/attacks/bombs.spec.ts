import { gzipSync } from 'node:zlib';
import { istAt } from '../../../server/domain/slot.js';
import type { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { generatedMarket, type Market } from '../../../server/simulator/index.js';
import { DAY, type Fort, openFort, until } from './fort.js';

const MIB = 1024 * 1024;
const NEXT = '2026-08-19';
/** What a server may grow by while it looks into a list that unpacks to a gigabyte. */
const GROWTH_MIB = 250;

/** The list that the simulator serves from the next day on. */
let tomorrows: () => Buffer;

function market(): Market {
  const today = generatedMarket({ seed: 7, date: DAY });
  let date = DAY;
  const served = {
    master: () => Promise.resolve(tomorrows()),
    turn: () => (date = NEXT),
  };
  return new Proxy(today, {
    get: (target, property) => {
      if (property === 'date') return date;
      if (property === 'turn') return served.turn;
      if (property === 'master') return date === DAY ? undefined : served.master;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** `mib` MiB of one text in a thousandth of that, after a beginning that looks right: gzip files may be strung together. */
function bomb(beginning: string, filling: string, mib: number): Buffer {
  const block = gzipSync(Buffer.alloc(MIB, filling));
  return Buffer.concat([gzipSync(beginning), ...Array.from({ length: mib }, () => block)]);
}

describe('S25 a zip bomb for an instrument list, served by the broker', () => {
  let fort: Fort;
  let instruments: InstrumentsService;
  let turn: () => void;
  beforeEach(async () => {
    const one = market() as Market & { turn: () => void };
    turn = () => one.turn();
    fort = await openFort({ market: one, env: { MARKET_SWEEP: 'off', PINNED: '' } });
    instruments = await fort.ready();
  });
  afterEach(() => fort.close());

  it.each([
    ['one endless record', '[{"name":"', 'a'],
    ['blanks', '[', ' '],
    ['rows without end', '[', `{"segment":"NSE_EQ","name":"x"},`],
    ['braces', '[', '{'],
  ])(
    'should be refused in little memory, the list kept, and said in plain words: %s',
    async (_what, head, filling) => {
      const cookie = await fort.signIn();
      const listed = (await fort.ask('/api/underlyings', { cookie })).text;
      const { asOf } = instruments.status();
      const bytes = bomb(head, filling, 1024);
      expect(bytes.length).toBeLessThan(8 * MIB);
      tomorrows = () => bytes;
      turn();
      const before = process.memoryUsage().rss;
      let peak = before;
      fort.clock.set(istAt(NEXT, '06:05'));
      const refusal = await until(
        'the refusal',
        () => {
          peak = Math.max(peak, process.memoryUsage().rss);
          return fort.lines.find((line) => /"level":"error".*instruments/.test(line));
        },
        120_000,
      );
      expect(refusal).toMatch(/kept/);
      expect(refusal).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
      expect((peak - before) / MIB).toBeLessThan(GROWTH_MIB);
      expect(instruments.status()).toMatchObject({ state: 'failed', asOf });
      const fresh = await fort.signIn();
      expect((await fort.ask('/api/underlyings', { cookie: fresh })).text.length).toBe(listed.length);
      expect(await fort.alive()).toBe(true);
    },
  );
});
