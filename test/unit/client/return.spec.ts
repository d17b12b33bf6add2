import { io } from 'socket.io-client';
import { Link, SOCKET_OPTIONS, type LinkEvents, type TrackerSocket } from '../../../client/socket.js';
import type { ServerClosing } from '../../../server/protocol/index.js';

/** F37, F41: the pauses of the real Socket.IO client before it comes back to a server that was stopped. */

const SCREENS = 2_000;
const CLOSING: ServerClosing = { message: 'restarting', reconnectWithinMs: 5_000 };
const nothing = (): void => undefined;
const EVENTS: LinkEvents = {
  ...{ up: nothing, down: nothing, refused: nothing, change: nothing },
  ...{ market: nothing, status: nothing, ended: nothing },
};

/** A screen's line whose server has said that it closes. @returns how long it waits before its first try, ms */
function pauseOf(): number {
  const socket: TrackerSocket = io('http://127.0.0.1:9', { ...SOCKET_OPTIONS, forceNew: true });
  new Link(() => socket).listen(EVENTS);
  socket.listeners('server:closing').forEach((hear) => hear(CLOSING));
  return (socket.io as unknown as { backoff: { duration(): number } }).backoff.duration();
}

describe('screens that come back after a restart (F37)', () => {
  const pauses = Array.from({ length: SCREENS }, pauseOf);

  it('should spread over five seconds and more', () => {
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(5_000);
  });

  it('should not come in a crowd: no tenth of a second brings more than one in twenty', () => {
    const tenths = new Map<number, number>();
    for (const pause of pauses)
      tenths.set(Math.floor(pause / 100), (tenths.get(Math.floor(pause / 100)) ?? 0) + 1);
    expect(Math.max(...tenths.values())).toBeLessThan(SCREENS / 20);
  });
});
