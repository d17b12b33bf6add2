import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ClientAddress, isOwnMachine, limitKey } from './client-address.js';

const LINE_EVERY_MS = 60_000;

/**
 * How many connections one address may hold at once. Those of this machine and of trusted proxies are not counted, but
 * the WebSockets that come through a proxy are, by the address that it names: each is a connection of its own.
 */
export class ConnectionCap {
  private readonly log = new Logger('Http');
  private readonly open = new Map<string, number>();
  private readonly clients: ClientAddress;
  private readonly most: number;
  private saidAt = -Infinity;

  constructor({ http }: Pick<Config, 'http'>) {
    this.clients = new ClientAddress(http.trustedProxy);
    this.most = http.connectionsPerAddress;
  }

  /** Cuts connections above the cap as they come. Call it before the server listens. */
  guard(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.clients.isProxy(socket.remoteAddress)) return;
      if (!this.take(this.clients.of({ socket, headers: {} }), socket)) socket.destroy();
    });
  }

  /** Whether a WebSocket may be opened, as far as its address goes. Counts it until its connection ends. */
  admits(request: IncomingMessage): boolean {
    const { socket } = request;
    return !this.clients.isProxy(socket.remoteAddress) || this.take(this.clients.of(request), socket);
  }

  private take(address: string, socket: Socket): boolean {
    if (isOwnMachine(address)) return true;
    const key = limitKey(address);
    const count = this.open.get(key) ?? 0;
    if (count >= this.most) {
      this.say(address);
      return false;
    }
    this.open.set(key, count + 1);
    socket.once('close', () => this.giveBack(key));
    return true;
  }

  private giveBack(key: string): void {
    const count = (this.open.get(key) ?? 1) - 1;
    if (count > 0) this.open.set(key, count);
    else this.open.delete(key);
  }

  /** Not each: a flood must not fill the disk. */
  private say(address: string): void {
    const now = performance.now();
    if (now - this.saidAt < LINE_EVERY_MS) return;
    this.saidAt = now;
    this.log.warn(
      `${address} has ${this.most} connections open (CONNECTIONS_PER_ADDRESS): more are refused. Behind a proxy, set TRUSTED_PROXY.`,
    );
  }
}
