import { describeUnless, REASONS } from '../medium/cluster/databases.js';
import { OwnRedis } from './cluster.js';
import { MachineRoom } from './machine-room.js';
import { OwnPostgres } from './own-postgres.js';

/** Two servers, PostgreSQL and Redis start one after another; on a busy machine each takes its time. */
const OPENING_MS = 600_000;

/** `describe` where a machine room can be; else the suite is skipped and the reason printed. */
export const describeRoom = (): typeof describe =>
  describeUnless(OwnRedis.lacking ?? (OwnPostgres.lacking === null ? null : REASONS.postgres));

/**
 * A room for the tests of one `describe`: opened before them, closed after them however far it came.
 * @param use is given the room before the first test
 */
export function roomForTests(use: (room: MachineRoom) => void): void {
  let opening: Promise<MachineRoom> | null = null;
  beforeAll(async () => {
    opening = MachineRoom.open();
    use(await opening);
  }, OPENING_MS);
  afterAll(async () => {
    // One that failed has cleaned up after itself and is the failure of `beforeAll`; one that was late is still here.
    const room = await opening?.catch(() => null);
    await room?.close();
  }, OPENING_MS);
}
