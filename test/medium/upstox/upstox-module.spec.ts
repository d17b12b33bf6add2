import { Test } from '@nestjs/testing';
import { ClockModule } from '../../../server/clock/clock.module.js';
import { ConfigModule } from '../../../server/config/config.module.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { Broker } from '../../../server/upstox/broker.js';
import { BrokerMetrics } from '../../../server/upstox/broker-metrics.js';
import { UpstoxModule } from '../../../server/upstox/upstox.module.js';
import { fastClock, TOKEN } from './client-under-test.js';
import { ScriptedServer, success } from './scripted-server.js';

describe('UpstoxModule', () => {
  it('should provide the broker at the configured address, counting into the shared counters', async () => {
    const server = await ScriptedServer.start();
    server.script(success({ status: 'NORMAL_OPEN' }));
    const config = loadConfig({
      UPSTOX_API_URL: server.url,
      UPSTOX_LOGIN_URL: server.url,
      UPSTOX_ASSETS_URL: server.url,
    });
    const module = await Test.createTestingModule({
      imports: [ConfigModule.with(config), ClockModule.with(fastClock()), UpstoxModule],
    }).compile();
    expect(await module.get(Broker).marketStatus(TOKEN, 'NSE')).toBe('NORMAL_OPEN');
    expect(module.get(BrokerMetrics).count('market', 'ok')).toBe(1);
    await module.close();
    await server.stop();
  });
});
