import { encodeNews, MAX_NEWS_BYTES, parseNews, type News } from '../../../server/cluster/news.js';

const CHAIN = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' };
const ALL: News[] = [
  { kind: 'chain', ...CHAIN },
  { kind: 'watch', ...CHAIN },
  { kind: 'market' },
  { kind: 'session', idHash: 'a'.repeat(64), code: 'revoked' },
  { kind: 'tokens' },
];

/** What a process says, changed as another version might say it. */
const said = (change: Record<string, unknown>, news: Record<string, unknown> = {}): string =>
  JSON.stringify({ v: 1, from: 'x', news: { kind: 'chain', ...CHAIN, ...news }, ...change });

describe('S31 news between processes', () => {
  it.each(ALL)('should bring what was said of $kind', (news) => {
    expect(parseNews(encodeNews('me', news))).toEqual({ v: 1, from: 'me', news });
  });

  it.each([
    ['a later version', said({ v: 2 })],
    ['no version', said({ v: undefined })],
    ['a kind that is not known', said({}, { kind: 'holiday' })],
    ['a field that is not known', said({}, { priority: 1 })],
    ['a chain that is told in another way', said({}, { expiry: 20_260_818 })],
    ['an envelope that holds more', said({ frame: {} })],
    ['no JSON', '{'],
    ['more than news is ever long', `${said({})}${' '.repeat(MAX_NEWS_BYTES)}`],
  ])('should drop %s: a process of another version is not misread (F45)', (_, text) => {
    expect(parseNews(text)).toBeNull();
  });
});
