import { PassThrough } from 'node:stream';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import type { FeedStatus } from '../../../server/protocol/index.js';
import { closeSockets, connect } from '../../support/harness-client.js';
import { until } from '../../support/harness.js';
import { FIRST_KEY, NIFTY, openHouse, type House } from '../../support/house.js';
import { brokerError } from '../../support/scripted-broker.js';
import { chainRows, masterFile, NIFTY_INDEX } from '../../unit/instruments/master-rows.js';

let house: House;
const statuses: FeedStatus[] = [];

beforeEach(async () => {
  house = await openHouse({ listening: true });
  const socket = await connect(house.base(), { cookie: await house.signIn(), origin: house.base() });
  statuses.length = 0;
  socket.on('feed:status', (status) => statuses.push(status));
});
afterEach(async () => {
  closeSockets();
  await house.close();
});

/** The newest status of the server that a screen was pushed, once it is as wanted. The scheduler's job is done here. */
const told = (what: string, ready: (list: FeedStatus['instruments']) => boolean): Promise<FeedStatus> =>
  until(
    () => `a pushed status with ${what}, last ${JSON.stringify(statuses.at(-1)?.instruments)}`,
    () => {
      house.status.tick();
      return statuses.findLast((status) => status.chain === null && ready(status.instruments)) ?? null;
    },
  );

it('should push how far the import is while the broker still sends, then that the list is there', async () => {
  const file = masterFile([NIFTY_INDEX, ...chainRows(NIFTY.expiry, 6_000, FIRST_KEY)]);
  const body = new PassThrough();
  house.broker.instrumentMaster = () => Promise.resolve({ body, bytes: file.length });
  const before = house.get(InstrumentsService).status();
  const running = house.get(InstrumentsService).importFromBroker();
  body.write(file.subarray(0, Math.floor(file.length * 0.8)));
  // The rest is held: the import cannot be over.
  const { instruments } = await told('rows', ({ state, rows }) => state === 'importing' && rows > 0);
  expect(instruments).toMatchObject({ state: 'importing', asOf: before.asOf });
  expect(instruments.rows).toBeLessThan(12_001);
  body.end(file.subarray(Math.floor(file.length * 0.8)));
  await running;
  await told('the new list', ({ state, rows }) => state === 'ready' && rows === 12_001);
});

it('should push that it failed, why, and of when the contracts are', async () => {
  house.broker.instrumentMaster = () => Promise.reject(brokerError('unreachable'));
  const { asOf } = house.get(InstrumentsService).status();
  await expect(house.get(InstrumentsService).importFromBroker()).rejects.toMatchObject({
    kind: 'unreachable',
  });
  const { instruments } = await told('the failure', ({ state }) => state === 'failed');
  expect(instruments).toEqual({ state: 'failed', rows: 0, asOf, problem: 'scripted: unreachable' });
});
