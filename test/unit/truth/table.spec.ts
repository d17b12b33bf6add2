import { ist, tinyDay } from './days.js';

/** Two strikes, minute by minute; only 100's call moves. */
const quiet = (time: string, callOi: number, callLtp = 10): string[] => [
  `${time} 104 100 ${callOi},${callLtp},${callOi} 300,20,5`,
  `${time} 104 110 200,3,5 400,30,5`,
];

const call = (truth: ReturnType<typeof tinyDay>, time: string, strike = 100) =>
  truth.at(ist(time)).rows.find((row) => row.strike === strike)?.call ?? null;

describe('the checker, tables', () => {
  it('should measure each window from the newest captured slot at or before its start', () => {
    const truth = tinyDay([...quiet('10:00', 100), ...quiet('10:02', 110), ...quiet('10:05', 121)]);
    const changes = call(truth, '10:05')?.changes;
    expect(changes?.[0]).toMatchObject({ abs: 11, pct: 10, baseSlot: ist('10:02') });
    expect(changes?.[1]).toMatchObject({ abs: 21, pct: 21, baseSlot: ist('10:00') });
    expect(changes?.slice(2)).toEqual([null, null, null]);
  });

  it('should take a base at most 90 seconds older than the window and call anything older a gap', () => {
    const within = tinyDay([...quiet('10:00', 100), ...quiet('10:04', 130)]);
    expect(call(within, '10:04')?.changes[0]).toMatchObject({ abs: 30, baseSlot: ist('10:00') });
    const beyond = tinyDay([...quiet('10:00', 100), ...quiet('10:05', 130)]);
    expect(call(beyond, '10:05')?.changes[0]).toBeNull();
    expect(call(beyond, '10:05')?.reasons[0]).toEqual(['gap']);
    expect(call(beyond, '10:05')?.reasons[2]).toEqual(['no-history']);
  });

  it('should pass over a capture in which the leg is unknown', () => {
    const truth = tinyDay([
      ...quiet('10:00', 100),
      '10:01 104 100 ,11,105 300,20,5',
      '10:01 104 110 200,3,5 400,30,5',
      ...quiet('10:04', 120),
    ]);
    expect(call(truth, '10:04')?.changes[0]).toMatchObject({ abs: 20, baseSlot: ist('10:00') });
    expect(call(truth, '10:01')).toMatchObject({
      oi: null,
      ltp: 11,
      volume: 105,
      changes: [null, null, null, null, null],
    });
    expect(call(truth, '10:01')?.reasons[0]).toEqual(['oi-unknown']);
  });

  it('should never look behind 09:15', () => {
    const truth = tinyDay([...quiet('09:14', 100), ...quiet('09:17', 110), ...quiet('09:20', 120)]);
    expect(call(truth, '09:17')?.changes[0]).toBeNull();
    expect(call(truth, '09:20')?.changes[0]).toMatchObject({ abs: 10 });
    expect(call(truth, '09:20')?.changes[1]).toBeNull();
  });

  it('should give no percentage of nothing', () => {
    const truth = tinyDay([...quiet('10:00', 0), ...quiet('10:03', 50)]);
    expect(call(truth, '10:03')?.changes[0]).toMatchObject({ abs: 50, pct: null });
  });

  it('should tell a contract that was not listed from one whose OI was unknown', () => {
    const truth = tinyDay([...quiet('10:00', 100), ...quiet('10:03', 100), '10:03 104 120 7,1,1 ,,']);
    const row = truth.at(ist('10:03')).rows.find(({ strike }) => strike === 120);
    expect(row?.call?.reasons[0]).toEqual(['not-listed']);
    expect(row?.put).toMatchObject({ seen: false, oi: null });
    expect(truth.at(ist('10:00')).rows.map(({ strike }) => strike)).toEqual([100, 110]);
  });

  it('should keep a strike that vanished as unknown', () => {
    const truth = tinyDay([...quiet('10:00', 100), '10:01 104 100 100,10,101 300,20,5']);
    expect(call(truth, '10:01', 110)).toMatchObject({ oi: null, ltp: null, volume: null });
  });

  it('should take the day change from the previous closing OI and from nothing else', () => {
    const truth = tinyDay(quiet('10:00', 100), ['100,80,', '110,0,400']);
    expect(call(truth, '10:00')?.dayChange).toEqual({ abs: 20, pct: 25 });
    expect(call(truth, '10:00', 110)?.dayChange).toEqual({ abs: 200, pct: null });
    expect(truth.at(ist('10:00')).rows[0]?.put?.dayChange).toBeNull();
    expect(truth.at(ist('10:00')).totals).toMatchObject({ callDayChange: 220, putDayChange: 0 });
  });

  it('should label build-up by premium and OI with a dead band', () => {
    const label = (oi: number, ltp: number) =>
      call(tinyDay([...quiet('10:00', 1000, 100), ...quiet('10:03', oi, ltp).map(busier)]), '10:03')
        ?.changes[0]?.buildUp;
    const busier = (row: string): string => row.replace(/,(\d+) 300/, ',5000 300');
    expect(label(1010, 101)).toEqual(['LB']);
    expect(label(1010, 99)).toEqual(['SB']);
    expect(label(990, 101)).toEqual(['SC']);
    expect(label(990, 99)).toEqual(['LU']);
    expect(label(1002, 101)).toEqual(['flat']);
    expect(label(1010, 100.2)).toEqual(['flat']);
  });
});

describe('the checker, figures of the whole chain', () => {
  it('should take the lower strike as ATM on a tie and none without a spot', () => {
    const at = (spot: string) =>
      tinyDay([`10:00 ${spot} 100 1,1,1 1,1,1`, `10:00 ${spot} 110 1,1,1 1,1,1`]).at(ist('10:00')).atmStrike;
    expect(at('105')).toBe(100);
    expect(at('105.01')).toBe(110);
    expect(at('-')).toBeNull();
  });

  it('should find max pain as the textbook sum does', () => {
    const truth = tinyDay([
      '10:00 104 90 10,1,1 500,1,1',
      '10:00 104 100 100,5,1 100,4,1',
      '10:00 104 110 500,1,1 10,1,1',
    ]);
    // Settling at 100: calls below pay 10·10, puts above 10·10; any other strike costs more.
    expect(truth.at(ist('10:00')).totals).toMatchObject({
      maxPain: 100,
      callOi: 610,
      putOi: 610,
      pcr: 1,
      straddle: 9,
    });
  });

  it('should break a tie of max pain by the nearness to spot, then downwards', () => {
    const rows = (spot: string) => [`10:00 ${spot} 100 ,1,1 7,1,1`, `10:00 ${spot} 110 7,1,1 ,1,1`];
    const pain = (spot: string) => tinyDay(rows(spot)).at(ist('10:00')).totals.maxPain;
    // Puts at 100 and calls at 110 are worth nothing at both strikes.
    expect(pain('108')).toBe(110);
    expect(pain('102')).toBe(100);
    expect(pain('105')).toBe(100);
    expect(pain('-')).toBe(100);
  });

  it('should give no PCR where no call OI is known', () => {
    const truth = tinyDay(['10:00 104 100 ,1,1 7,1,1']);
    expect(truth.at(ist('10:00')).totals).toMatchObject({ callOi: 0, putOi: 7, pcr: null });
  });
});
