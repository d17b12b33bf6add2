import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { Clock } from '../../../server/clock/clock.js';
import { SessionGuard } from '../../../server/auth/session.guard.js';
import { ApiError } from '../../../server/http/api-error.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { UnderlyingsController } from '../../../server/snapshot/underlyings.controller.js';
import { chainRows } from '../../unit/instruments/master-rows.js';
import { instrumentsFixture, type Fixture } from './fixture.js';

describe('instruments over HTTP', () => {
  let fixture: Fixture;
  let app: INestApplication;
  let base: string;
  let admit = (): boolean => true;

  beforeAll(async () => {
    fixture = await instrumentsFixture();
    await fixture.load(chainRows('2026-08-25', 3, 1000));
    const module = await Test.createTestingModule({
      controllers: [UnderlyingsController],
      providers: [
        { provide: InstrumentsService, useValue: fixture.service },
        { provide: Clock, useValue: fixture.clock },
      ],
    })
      .overrideGuard(SessionGuard)
      .useValue({ canActivate: () => admit() })
      .compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/underlyings`;
  });
  afterAll(async () => {
    await app.close();
    await fixture.database.close();
  });

  it('should answer underlyings and, by percent-encoded key, expiries', async () => {
    const underlyings: unknown = await (await fetch(base)).json();
    expect(underlyings).toMatchObject([{ symbol: 'NIFTY', nearestExpiry: '2026-08-25' }]);
    const expiries: unknown = await (await fetch(`${base}/NSE_INDEX%7CNifty%2050/expiries`)).json();
    expect(expiries).toEqual([{ expiry: '2026-08-25', daysToExpiry: 7, weekly: true, contracts: 6 }]);
  });

  it('should answer 404 in words for an unknown underlying', async () => {
    const answer = await fetch(`${base}/NSE_INDEX%7CNone/expiries`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: { code: 'unknown-underlying', message: expect.stringContaining('no such underlying') },
    });
  });

  it('should answer nobody who is not signed in', async () => {
    admit = () => {
      throw new ApiError(401, 'sign-in-needed', 'Please sign in.');
    };
    for (const path of ['', '/NSE_INDEX%7CNifty%2050/expiries'])
      expect((await fetch(`${base}${path}`)).status).toBe(401);
    admit = () => true;
  });
});
