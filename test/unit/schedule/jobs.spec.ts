import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { VirtualClock } from '../../../server/clock/clock.js';
import { JobsService } from '../../../server/schedule/jobs.service.js';

/** A neighbour of which a job calls whatever it likes: each call counts and does what `act` does. */
function neighbour<T>(act: (method: string) => unknown): T {
  return new Proxy({}, { get: (_target, method) => () => act(String(method)) }) as T;
}

type Parts = ConstructorParameters<typeof JobsService>;

describe('scheduled jobs', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('should see to it that API secrets are used once: those of abandoned sign-ins are swept every minute', async () => {
    let sweeps = 0;
    let enough = (): void => undefined;
    const swept = new Promise<void>((resolve) => (enough = resolve));
    const idle = neighbour(() => Promise.resolve(0));
    const states = neighbour<Parts[16]>((method) => {
      if (method === 'sweep' && ++sweeps === 2) enough();
      return Promise.resolve(0);
    });
    const scheduler = new SchedulerRegistry();
    // At 6000×, a minute takes what the fastest tick does.
    const parts = Array.from({ length: JobsService.length - 4 }, () => idle);
    const jobs = new JobsService(
      ...([scheduler, new VirtualClock(0, 6_000), ...parts, states, idle] as unknown as Parts),
    );
    jobs.onApplicationBootstrap();
    await swept;
    await jobs.beforeApplicationShutdown();
  });

  it('should go on when one of them throws, in the very timer or later', async () => {
    const ticks = { collector: 0, status: 0 };
    let enough = (): void => undefined;
    const lived = new Promise<void>((resolve) => (enough = resolve));
    const collector = neighbour<Parts[2]>((method) => {
      if (method === 'stop') return Promise.resolve();
      ticks.collector += 1;
      return Promise.reject(new Error('no database'));
    });
    const status = neighbour<Parts[3]>(() => {
      ticks.status += 1;
      if (ticks.status >= 5 && ticks.collector >= 5) enough();
      throw new RangeError('no hours for this exchange');
    });
    const down = neighbour((method) => {
      if (['stop', 'leave'].includes(method)) return Promise.resolve();
      throw new Error('down');
    });
    const scheduler = new SchedulerRegistry();
    const jobs = new JobsService(
      ...([
        scheduler,
        new VirtualClock(0, 100),
        collector,
        status,
        ...Array.from({ length: JobsService.length - 4 }, () => down),
      ] as unknown as Parts),
    );
    jobs.onApplicationBootstrap();
    await lived;
    await jobs.beforeApplicationShutdown();
    expect(scheduler.getIntervals()).toEqual([]);
  });
});
