import { jest } from '@jest/globals';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { istDate } from '../../server/domain/slot.js';
import { nearestChain } from '../support/harness-chains.js';
import { closeSockets, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';
import { cleanUp, cliScript, start, startServer, tempFolder } from '../support/harness.js';
import { describeWithData } from '../support/shared-data.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

afterAll(async () => {
  closeSockets();
  await cleanUp();
});

describe('the demo where its port is taken', () => {
  it('should end at once, say which command helps, and leave nothing behind', async () => {
    const other = createServer();
    await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready));
    const { port } = other.address() as AddressInfo;
    const folder = tempFolder();
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    try {
      const demo = start([cliScript, 'demo', '--port', String(port)], { TMPDIR: temporary }, folder);
      expect(await demo.exited).toBe(1);
      expect(demo.output).toContain(`Port ${port} on 127.0.0.1 is taken`);
      expect(demo.output).toContain(`npm run demo -- --port ${port + 1}`);
      expect(demo.output).not.toMatch(/\bat .*\.js:\d+/);
      expect(readdirSync(temporary).filter((name) => name.startsWith('oi-tracker'))).toEqual([]);
    } finally {
      await new Promise((closed) => other.close(closed));
    }
  });
});

describeWithData(
  'a tracker beside a simulator of its own process',
  {
    master: 'instruments/upstox-subset-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) => {
    it('should live at its market time, however much later it is started', async () => {
      const day = ['--instruments', files.master, '--day', files.day, '--prev-oi', files.prevOi];
      const options = ['--start', '11:00', '--rate', '30', '--port', '0'];
      const simulator = start([cliScript, 'simulate', ...day, ...options], {}, tempFolder());
      const command = await simulator.printed(/^ +(UPSTOX_API_URL=.*) npm start$/m);
      const env = Object.fromEntries(
        command.split(' ').map((pair) => pair.split('=', 2) as [string, string]),
      );
      const house = await startServer({ ...env, UPSTOX_ACCESS_TOKEN: 'demo', PINNED: ',' });
      const visitor = await Visitor.enter(house.url);
      const watcher = await Watcher.open(await visitor.socket(), await nearestChain(visitor, 'NIFTY'));
      const table = await watcher.when('a live table', ({ source }) => source !== 'backfill', 60_000);
      expect(istDate(table.slot)).toBe('2026-08-18');
      expect(table.capturedAt).toBeGreaterThan(Number(env['CLOCK_START']));
      const { serverNow } = watcher.statuses.at(-1)!;
      const marketTime = (): number =>
        Number(env['CLOCK_START']) + (Date.now() - Number(env['CLOCK_SINCE'])) * Number(env['CLOCK_RATE']);
      // The status is of some real moment before now: half a real minute at the most.
      expect(marketTime() - serverNow).toBeGreaterThanOrEqual(-1_000);
      expect(marketTime() - serverNow).toBeLessThan(30_000 * Number(env['CLOCK_RATE']));
      const { state, simulated } = watcher.statuses.at(-1)!;
      expect(['live', 'back-filling']).toContain(state);
      expect(simulated).toBe(true);
    });
  },
);
