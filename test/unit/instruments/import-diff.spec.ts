import {
  diffContracts,
  type KnownContract,
  type NewContract,
} from '../../../server/instruments/import-diff.js';
import type { MasterContract } from '../../../server/instruments/master-list.js';

const NIFTY = 'NSE_INDEX|Nifty 50';
const TODAY = '2026-02-27';

function known(overrides: Partial<KnownContract> = {}): KnownContract {
  return {
    id: 1,
    underlyingId: 7,
    underlyingKey: NIFTY,
    exchange: 'NSE',
    expiry: '2026-03-31',
    strike: 20000,
    type: 'PE',
    lotSize: 75,
    weekly: false,
    tradingSymbol: 'NIFTY 20000 PE 31 MAR 26',
    futureKey: null,
    listed: true,
    instrumentKey: 'NSE_FO|1',
    ...overrides,
  };
}

function listed(overrides: Partial<MasterContract> = {}, underlyingId = 7): NewContract {
  const { expiry, strike, type, weekly, futureKey } = known();
  const underlying = {
    key: NIFTY,
    symbol: 'NIFTY',
    name: 'NIFTY',
    exchange: 'NSE',
    kind: 'INDEX',
  } as const;
  const tradingSymbol = 'NIFTY 20000 PE 31 MAR 26';
  const base = {
    expiry,
    strike,
    type,
    weekly,
    futureKey,
    tradingSymbol,
    lotSize: 75,
    instrumentKey: 'NSE_FO|1',
  };
  return { underlyingId, contract: { underlying, ...base, ...overrides } };
}

const NOTHING = { added: 0, expired: 0, moved: 0, rekeyed: 0, reusedKeys: 0, lotChanged: 0 };

describe('import diff', () => {
  it('should change nothing when the list is the same', () => {
    const diff = diffContracts([known()], [listed()], TODAY);
    expect(diff.counts).toEqual(NOTHING);
    const { added, relisted, gone, rekeyed, lotChanged, updated } = diff;
    expect([added, relisted, gone, rekeyed, lotChanged, updated].every((part) => part.length === 0)).toBe(
      true,
    );
  });

  it('should tell a moved expiry from one contract gone and another one new', () => {
    const diff = diffContracts([known()], [listed({ expiry: '2026-03-30' })], TODAY);
    expect(diff.counts).toEqual({ ...NOTHING, moved: 1 });
    expect(diff.added).toHaveLength(1);
    expect(diff.gone).toHaveLength(1);
  });

  it('should call a key re-used when its old contract had expired, or was another one', () => {
    const expired = diffContracts([known({ expiry: '2026-01-27' })], [listed()], TODAY);
    expect(expired.counts).toEqual({ ...NOTHING, added: 1, expired: 1, reusedKeys: 1 });
    const other = diffContracts([known({ strike: 21000 })], [listed()], TODAY);
    expect(other.counts).toEqual({ ...NOTHING, added: 1, expired: 1, reusedKeys: 1 });
    const stranger = diffContracts(
      [known({ underlyingId: 8, underlyingKey: 'NSE_INDEX|Nifty Bank' })],
      [listed()],
      TODAY,
    );
    expect(stranger.counts).toEqual({ ...NOTHING, added: 1, expired: 1, reusedKeys: 1 });
  });

  it('should see a contract that got another key, and whom the key belonged to', () => {
    const diff = diffContracts(
      [known(), known({ id: 2, strike: 21000, instrumentKey: 'NSE_FO|2' })],
      [listed({ instrumentKey: 'NSE_FO|2' })],
      TODAY,
    );
    expect(diff.counts).toEqual({ ...NOTHING, rekeyed: 1, reusedKeys: 1, expired: 1 });
    expect(diff.rekeyed.map((pair) => pair.known.id)).toEqual([1]);
  });

  it('should count a changed lot size, also of a moved contract', () => {
    const same = diffContracts([known()], [listed({ lotSize: 65 })], TODAY);
    expect(same.counts).toEqual({ ...NOTHING, lotChanged: 1 });
    expect(same.updated).toHaveLength(1);
    const moved = diffContracts([known()], [listed({ lotSize: 65, expiry: '2026-03-30' })], TODAY);
    expect(moved.counts).toEqual({ ...NOTHING, moved: 1, lotChanged: 1 });
  });

  it('should list again what was delisted, and leave alone what stays so', () => {
    const back = diffContracts([known({ listed: false, instrumentKey: null })], [listed()], TODAY);
    expect(back.counts).toEqual({ ...NOTHING, added: 1 });
    expect(back.relisted).toHaveLength(1);
    const gone = diffContracts([known({ listed: false, instrumentKey: null })], [], TODAY);
    expect(gone.counts).toEqual(NOTHING);
  });

  it('should record the first lot size of a recorded contract without calling it a change', () => {
    const diff = diffContracts([known({ lotSize: null, instrumentKey: null })], [listed()], TODAY);
    expect(diff.counts).toEqual({ ...NOTHING, added: 1 });
    expect(diff.lotChanged).toHaveLength(1);
  });

  it('should notice another future or weekly mark without counting it', () => {
    const diff = diffContracts([known()], [listed({ futureKey: 'MCX_FO|9', weekly: true })], TODAY);
    expect(diff.counts).toEqual(NOTHING);
    expect(diff.updated).toHaveLength(1);
  });
});
