import { jest } from '@jest/globals';
import type { Table } from '../../server/protocol/index.js';
import { realServer } from '../medium/operation/real-server.js';
import { cleanUp, startServer, until, type House } from '../support/harness.js';
import { nearestChain } from '../support/harness-chains.js';
import { Visitor } from '../support/harness-client.js';

/** F42: a defect of the program itself. It ends, whole, and a start goes on where it was. */

jest.setTimeout(300_000);

let house: Awaited<ReturnType<typeof realServer>>;
afterEach(() => house.simulator.close());
afterAll(cleanUp);

/** A server that has captured some minutes. The sweep has no part in this. */
async function enter(nodeOptions: string): Promise<void> {
  house = await realServer({ env: { MARKET_SWEEP: 'off', NODE_OPTIONS: nodeOptions } });
  await until(
    () => `captures, in:
${house.program.output}`,
    () => house.logged(/outcome=captured/).length >= 2,
    120_000,
  );
}

/** A start on the same data. */
const startAgain = (): Promise<House> => startServer({ ...house.settings, NODE_OPTIONS: '' }, house.folder);

/** Loaded before the built server: does it when the process is sent SIGUSR2. */
const preload = (act: string): string =>
  `--import data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${act} });`)}`;

/** A table as HTTP gives it; its number counts what was published, and a start may publish once more. */
async function tableAt(house: Pick<House, 'url'>, slot?: number): Promise<Table> {
  const visitor = await Visitor.enter(house.url);
  const { underlying, expiry } = await nearestChain(visitor, 'NIFTY');
  return { ...(await visitor.table(underlying, expiry, slot)), seq: 0 };
}

describe('F42 a server in which something happens that nobody expected', () => {
  it.each([
    [
      'an error thrown out of a timer',
      'setTimeout(() => { throw new Error("a defect in a timer") })',
      'a defect in a timer',
    ],
    [
      'a rejection that nobody handles',
      'Promise.reject(new Error("a defect in a promise"))',
      'a defect in a promise',
    ],
    ['a rejection with something that is no error', 'Promise.reject("a word")', 'a word'],
  ])('should end with one clear line and show the same table after a start: %s', async (_name, act, word) => {
    await enter(preload(act));
    const before = await tableAt(house);
    process.kill(house.program.pid, 'SIGUSR2');
    expect(await house.program.exited).toBe(1);
    const said = house.logged(/A defect ended the server/);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ level: 'fatal', message: expect.stringContaining(`(${word})`) });
    expect(said[0]!.message).toContain('Start it again');
    await expect(fetch(`${house.url}/health/live`)).rejects.toThrow('fetch failed');

    const again = await startAgain();
    expect(await tableAt(again, before.slot)).toEqual(before);
    expect(await again.program.stop()).toBe(0);
  });

  it('should end, not linger, when its memory is used up, and show the same table after a start', async () => {
    const fill =
      'const held = []; setInterval(() => { for (let i = 0; i < 50; i++) held.push(Array.from({ length: 10_000 }, () => ({}))); }, 5)';
    await enter(`--max-old-space-size=200 ${preload(fill)}`);
    const before = await tableAt(house);
    process.kill(house.program.pid, 'SIGUSR2');
    await until('the end of the process', () => house.program.ended, 120_000);
    // Ended by the engine (SIGABRT): there is no exit code then.
    expect(await house.program.exited).not.toBe(0);
    expect(house.program.lines.filter((line) => /FATAL ERROR.*heap out of memory/.test(line))).toHaveLength(
      1,
    );

    const again = await startAgain();
    expect(await tableAt(again, before.slot)).toEqual(before);
    expect(await again.program.stop()).toBe(0);
  });
});
