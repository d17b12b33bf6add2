import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { PassThrough, Writable } from 'node:stream';
import type { Socket as Connection } from 'node:net';
import type { Server } from 'socket.io';
import { inOneWrite, joinFirstWrites, readAddresses } from '../../../server/gateway/handshake.js';

/** A connection that notes how its bytes go out. */
class Wire extends Writable {
  readonly writes: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString());
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk.toString()).join('+'));
    done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the address of a handshake', () => {
  const queryOf = (url: string): unknown => {
    const server = new EventEmitter();
    const request = { url };
    readAddresses(server as unknown as HttpServer);
    server.emit('upgrade', request, new PassThrough(), Buffer.alloc(0));
    return (request as { _query?: unknown })._query;
  };

  it('should be read beforehand where it is the one of all screens', () => {
    expect(queryOf('/socket.io/?EIO=4&transport=websocket')).toEqual({ EIO: '4', transport: 'websocket' });
  });

  it.each([
    '/socket.io/?EIO=3&transport=websocket',
    '/socket.io/?EIO=4&transport=websocket&sid=abc',
    '/socket.io/?EIO=4&transport=polling',
    '/socket.io/?transport=websocket&EIO=4',
    '/other/?EIO=4&transport=websocket',
    '/',
  ])('should be left to the engine where it is another: %s', (url) => {
    expect(queryOf(url)).toBeUndefined();
  });
});

describe('writes to a newcomer', () => {
  it('should go out together: the answer to the upgrade, and what the engine says in a microtask', async () => {
    const [engine, socket] = [new EventEmitter(), new Wire()];
    joinFirstWrites({ engine } as unknown as Server);
    engine.emit('initial_headers', {}, { socket });
    socket.write('101');
    await Promise.resolve();
    socket.write('open');
    expect(socket.writes).toEqual([]);
    await turn();
    socket.write('later');
    expect(socket.writes).toEqual(['101+open', 'later']);
  });

  it('should go out together with what the work leaves to the next tick', async () => {
    const wire = new Wire();
    inOneWrite(wire as unknown as Connection, () => {
      process.nextTick(() => {
        wire.write('connect');
        wire.write('status');
      });
    });
    await turn();
    wire.write('later');
    expect(wire.writes).toEqual(['connect+status', 'later']);
  });

  it('should be held back no longer when the work fails', async () => {
    const wire = new Wire();
    const fail = (): never => {
      wire.write('half');
      throw new Error('no');
    };
    expect(() => inOneWrite(wire as unknown as Connection, fail)).toThrow('no');
    await turn();
    expect(wire.writes).toEqual(['half']);
  });
});
