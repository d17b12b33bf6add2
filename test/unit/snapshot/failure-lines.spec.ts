import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import { FailureLines } from '../../../server/snapshot/failure-lines.js';

describe('the log lines of a failure that repeats', () => {
  it('should be the first, and then one a minute that counts those between', () => {
    const lines = new FailureLines();
    const said = Array.from({ length: 25 }, (_, i) => lines.take('unreachable', i * 5 * SECOND_MS));
    expect(said.filter((line) => line !== null)).toEqual([
      '',
      ', 11 times more since the last line',
      ', 11 times more since the last line',
    ]);
  });

  it('should not be those of another failure', () => {
    const lines = new FailureLines();
    expect(lines.take('unreachable', 0)).toBe('');
    expect(lines.take('bad-answer', 1)).toBe('');
    expect(lines.take('unreachable', 2)).toBeNull();
  });

  it('should leave none uncounted when the failure is over, and begin anew', () => {
    const lines = new FailureLines();
    expect(lines.over()).toBeNull();
    lines.take('unreachable', 0);
    expect(lines.over()).toBeNull();
    lines.take('unreachable', 1);
    lines.take('unreachable', 2);
    expect(lines.over()).toBe('failed once more before this');
    expect(lines.over()).toBeNull();
    expect(lines.take('unreachable', 3)).toBe('');
  });

  it('should not fall silent when the clock is set back', () => {
    const lines = new FailureLines();
    lines.take('unreachable', 10 * MINUTE_MS);
    expect(lines.take('unreachable', 5 * MINUTE_MS)).toBe('');
    expect(lines.take('unreachable', 5 * MINUTE_MS + 1)).toBeNull();
  });
});
