import { Instruments1700000000001 } from '../../../server/database/migrations/1700000000001-instruments.js';
import { Snapshots1700000000003 } from '../../../server/database/migrations/1700000000003-snapshots.js';
import { ManualClock } from '../../../server/clock/clock.js';
import { istAt } from '../../../server/domain/slot.js';
import { InstrumentsService, type ImportReport } from '../../../server/instruments/instruments.service.js';
import { Broker } from '../../../server/upstox/broker.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { masterFile, streamOf } from '../../unit/instruments/master-rows.js';

export interface Fixture {
  database: TestDatabase;
  clock: ManualClock;
  service: InstrumentsService;
  /** Imports rows as a file. */
  load(
    rows: readonly unknown[],
    options?: { exchanges?: string[]; asOf?: number; force?: boolean },
  ): Promise<ImportReport>;
  /** All rows of all tables of the part: what must not change when an import is refused. */
  dump(): Promise<string>;
}

/** The only method of the broker that the instrument list calls; anything else fails the test. */
export function brokerWith(instrumentMaster: Broker['instrumentMaster']): Broker {
  return Object.assign(Object.create(Broker.prototype) as Broker, { instrumentMaster });
}

const NO_BROKER = brokerWith(() => Promise.reject(new Error('the broker was asked')));
const TABLES = ['underlying', 'contract', 'contract_key', 'lot_history', 'instrument_import'];

/** The service on a real database in a temporary folder, at 2026-08-18 11:00 IST. */
export async function instrumentsFixture(broker: Broker = NO_BROKER): Promise<Fixture> {
  const database = await testDatabase([Instruments1700000000001, Snapshots1700000000003]);
  const clock = new ManualClock(istAt('2026-08-18', '11:00'));
  const service = new InstrumentsService(database.dataSource, database.writeQueue, broker, clock);
  await service.onModuleInit();
  return {
    database,
    clock,
    service,
    load: (rows, options = {}) =>
      service.importFrom(streamOf(masterFile(rows)), { source: 'test', ...options }),
    dump: async () => {
      const tables = TABLES.map((table) =>
        database.dataSource.query(`SELECT * FROM "${table}" ORDER BY 1, 2`),
      );
      return JSON.stringify(await Promise.all(tables));
    },
  };
}
