import { readFileSync } from 'node:fs';
import { BrokerError } from '../../../server/upstox/errors.js';
import {
  check,
  grantSchema,
  holidaysSchema,
  marketStatusSchema,
  profileSchema,
  timingsSchema,
} from '../../../server/upstox/schemas.js';
import { USER_AGENT, VERSION } from '../../../server/upstox/version.js';

describe('schemas of the small answers', () => {
  it('should read timings, numbers or strings of digits', () => {
    const data = [{ exchange: 'NFO', start_time: 1705549500000, end_time: '1705572000000', more: 1 }];
    expect(check(timingsSchema, data, 'x')).toEqual([
      { exchange: 'NFO', start: 1705549500000, end: 1705572000000 },
    ]);
    expect(check(timingsSchema, [], 'x')).toEqual([]);
  });

  it('should read holidays', () => {
    const data = [
      {
        date: '2026-11-08',
        description: 'Diwali Laxmi Pujan',
        holiday_type: 'SPECIAL_TIMING',
        closed_exchanges: [],
        open_exchanges: [{ exchange: 'NSE', start_time: 1, end_time: 2 }],
      },
      { date: '2026-12-25', description: null, holiday_type: 'TRADING_HOLIDAY', closed_exchanges: ['NSE'] },
    ];
    expect(check(holidaysSchema, data, 'x')).toEqual([
      {
        date: '2026-11-08',
        description: 'Diwali Laxmi Pujan',
        type: 'SPECIAL_TIMING',
        closedExchanges: [],
        openExchanges: [{ exchange: 'NSE', start: 1, end: 2 }],
      },
      {
        date: '2026-12-25',
        description: '',
        type: 'TRADING_HOLIDAY',
        closedExchanges: ['NSE'],
        openExchanges: [],
      },
    ]);
  });

  it('should read status, profile and grant', () => {
    expect(check(marketStatusSchema, { exchange: 'NSE', status: 'NORMAL_OPEN' }, 'x')).toBe('NORMAL_OPEN');
    expect(check(profileSchema, { user_id: 'A1', user_name: 'R\u0007avi' }, 'x')).toEqual({
      userId: 'A1',
      userName: 'R avi',
    });
    expect(check(grantSchema, { access_token: 't.t', user_id: 'A1', user_name: null }, 'x')).toEqual({
      accessToken: 't.t',
      userId: 'A1',
      userName: '',
    });
  });

  it.each([
    [timingsSchema, [{ exchange: 'NSE', start_time: 2, end_time: 1 }]],
    [timingsSchema, null],
    [holidaysSchema, [{ date: '25-12-2026', holiday_type: 'X' }]],
    [marketStatusSchema, { status: 5 }],
    [profileSchema, { user_name: 'x' }],
    [grantSchema, { access_token: 'with space', user_id: 'A1' }],
    [grantSchema, { access_token: 'line\nbreak', user_id: 'A1' }],
  ])('should refuse what is not in shape', (schema, data) => {
    expect(() => check(schema, data, 'The answer')).toThrow(BrokerError);
  });

  it('should name the field at fault and never its value', () => {
    expect(() => check(grantSchema, { access_token: 'se cret', user_id: 'A1' }, 'The answer')).toThrow(
      "The answer is not in the broker's shape (at access_token)",
    );
  });
});

describe('VERSION', () => {
  it('should be the one of package.json', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
    expect(USER_AGENT).toBe(`OI-Tracker/${version}`);
  });
});
