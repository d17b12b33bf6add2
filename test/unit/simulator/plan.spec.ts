import { CallLog } from '../../../server/simulator/calls.js';
import { FaultPlan } from '../../../server/simulator/faults.js';

describe('FaultPlan', () => {
  it('should let as many calls of the kind meet the fault as planned, in the order of planning', () => {
    const plan = new FaultPlan();
    plan.inject('option-chain', { type: 'status', status: 503 }, 2);
    plan.inject('option-chain', { type: 'null-data' });
    expect(plan.take('profile')).toBeNull();
    const met = [1, 2, 3, 4].map(() => plan.take('option-chain')?.type);
    expect(met).toEqual(['status', 'status', 'null-data', undefined]);
    expect(plan.pending).toBe(0);
  });

  it('should keep a fault without an end until it is cleared', () => {
    const plan = new FaultPlan();
    plan.inject('all', { type: 'timeout' }, Infinity);
    for (let i = 0; i < 100; i++) expect(plan.take('quotes')?.type).toBe('timeout');
    plan.clear('all');
    expect(plan.take('quotes')).toBeNull();
  });
});

describe('CallLog', () => {
  const call = (at: number) => ({ kind: 'option-chain', at, subject: '/x', userAgent: 'test' }) as const;

  it('should count by kind and by virtual minute', () => {
    const log = new CallLog();
    [0, 59_999, 60_000].forEach((at) => log.add(call(at)));
    expect(log.count()).toBe(3);
    expect(log.count('option-chain', 30_000)).toBe(2);
    expect(log.count('option-chain', 61_000)).toBe(1);
    expect(log.count('profile')).toBe(0);
  });

  it('should stay bounded and keep the counts', () => {
    const log = new CallLog();
    for (let i = 0; i < 45_000; i++) log.add(call(i));
    expect(log.list().length).toBeLessThanOrEqual(20_000);
    expect(log.list('option-chain').at(-1)?.at).toBe(44_999);
    expect(log.count('option-chain')).toBe(45_000);
  });
});
