/**
 * Checked by the compiler alone (`npm run types`), never run: wrong payloads on the typed sockets do not compile. A line
 * under `@ts-expect-error` that did compile would be an error itself.
 */
import type { Server } from 'socket.io';
import type { Socket } from 'socket.io-client';
import type {
  ChangeFrame,
  ClientToServerEvents,
  FeedStatus,
  ServerToClientEvents,
} from '../../server/protocol/index.js';

declare const screen: Socket<ServerToClientEvents, ClientToServerEvents>;
declare const server: Server<ClientToServerEvents, ServerToClientEvents>;
declare const frame: ChangeFrame;
declare const status: FeedStatus;

const chain = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' };

/** What a screen says. */
export function screenSays(): void {
  screen.emit('chain:watch', chain, (ack) => {
    if (ack.ok) console.log(ack.table?.rows[0]?.call?.changes[0]?.pct, ack.status.state);
    else console.log(ack.error.code, ack.error.message);
  });
  screen.emit('chain:unwatch', chain, (ack) => console.log(ack.ok));

  // @ts-expect-error no such event
  screen.emit('chain:watched', chain, () => undefined);
  // @ts-expect-error without an acknowledgement nobody learns the table
  screen.emit('chain:watch', chain);
  // @ts-expect-error a chain has an expiry
  screen.emit('chain:watch', { underlying: 'NIFTY' }, () => undefined);
  // @ts-expect-error an expiry is a text
  screen.emit('chain:watch', { underlying: 'NIFTY', expiry: 20260818 }, () => undefined);
  // @ts-expect-error a chain is not its name
  screen.emit('chain:watch', 'NIFTY', () => undefined);
  // @ts-expect-error only the server says this
  screen.emit('chain:change', frame);
  screen.emit('chain:watch', chain, (ack) => {
    // @ts-expect-error a refusal has no table: ask for `ok` first
    console.log(ack.table);
  });
  // @ts-expect-error an unwatch is answered without a table
  screen.emit('chain:unwatch', chain, (ack) => console.log(ack.ok && ack.table));
}

/** What a screen hears. */
export function screenHears(): void {
  screen.on('chain:change', ({ seq, slot, rows }) => console.log(seq + slot + rows));
  screen.on('feed:status', ({ state, market }) => console.log(state, market.open));
  screen.on('session:ended', ({ code }) => console.log(code === 'revoked'));

  // @ts-expect-error no such event
  screen.on('chain:table', () => undefined);
  // @ts-expect-error a change is one frame
  screen.on('chain:change', (_frame: ChangeFrame, _more: number) => undefined);
  // @ts-expect-error a change is a frame, not a status
  screen.on('chain:change', (_frame: FeedStatus) => undefined);
  screen.on('feed:status', ({ state }) => {
    // @ts-expect-error no such state
    console.log(state === 'dead');
  });
  screen.on('session:ended', ({ code }) => {
    // @ts-expect-error no such code
    console.log(code === 'bored');
  });
}

/** What the server says. */
export function serverSays(): void {
  server.to('room').emit('chain:change', frame);
  server.emit('feed:status', status);
  server.emit('session:ended', { code: 'expired', message: 'Sign in again.' });

  // @ts-expect-error no such event
  server.emit('chain:changed', frame);
  // @ts-expect-error a frame of another packing
  server.emit('chain:change', { ...frame, v: 2 });
  // @ts-expect-error a frame without its number
  server.emit('chain:change', { ...frame, seq: undefined });
  // @ts-expect-error a gap column holds numbers
  server.emit('chain:change', { ...frame, oi: [0, '5'] });
  // @ts-expect-error only `…Set` columns hold unknowns
  server.emit('chain:change', { ...frame, oi: [0, null] });
  // @ts-expect-error a state that no screen knows
  server.emit('feed:status', { ...status, state: 'fine' });
  // @ts-expect-error an end has a reason in words
  server.emit('session:ended', { code: 'expired' });
  // @ts-expect-error only screens say this
  server.emit('chain:watch', chain, () => undefined);
}

/** What the server hears. */
export function serverHears(): void {
  server.on('connection', (socket) => {
    socket.on('chain:watch', (asked, ack) => {
      console.log(asked.underlying, asked.expiry);
      ack({ ok: true, table: null, status });
      ack({ ok: false, error: { code: 'unknown-expiry', message: 'No such expiry.' } });
      // @ts-expect-error an acknowledgement says how it went
      ack({ table: null, status });
      // @ts-expect-error a code that no screen knows
      ack({ ok: false, error: { code: 'oops', message: '' } });
      // @ts-expect-error an error has words for a trader
      ack({ ok: false, error: { code: 'internal' } });
    });
    // @ts-expect-error no such event
    socket.on('chain:subscribe', () => undefined);
    // @ts-expect-error screens do not send frames
    socket.on('chain:change', () => undefined);
  });
}
