import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { Logger } from '@nestjs/common';
import type { TrustedProxy } from '../../../server/config/config.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { Allowance } from '../../../server/http/allowance.js';
import { ClientAddress, limitKey } from '../../../server/http/client-address.js';
import { ConnectionCap } from '../../../server/http/connection-cap.js';

beforeAll(() => Logger.overrideLogger(false));

const of = (proxy: TrustedProxy | null, remoteAddress: string | undefined, forwarded?: string): string =>
  new ClientAddress(proxy).of({
    socket: remoteAddress === undefined ? {} : { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  });

describe('S14 where a request comes from', () => {
  it('should be the other end of the connection, whatever the header says, when no proxy is trusted', () => {
    expect(of(null, '192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
    expect(of(null, '127.0.0.1', '203.0.113.9')).toBe('127.0.0.1');
    expect(of(null, '::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(of(null, undefined, '203.0.113.9')).toBe('unknown');
  });

  const near: TrustedProxy = { networks: ['127.0.0.1', '10.0.0.0/8', '2001:db8:1::/48'] };
  it.each([
    ['what the proxy wrote', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
    [
      'the last that is no proxy, not what was sent along',
      '127.0.0.1',
      '6.6.6.6, 203.0.113.9',
      '203.0.113.9',
    ],
    ['that before several proxies', '10.1.2.3', '6.6.6.6, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['IPv6, with brackets and port', '2001:db8:1::5', '[2001:DB8:2::7]:443', '2001:db8:2::7'],
    ['IPv4 with a port', '127.0.0.1', '203.0.113.9:5678', '203.0.113.9'],
    ['IPv4 written as IPv6', '::ffff:127.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['the proxy, where the header is missing', '127.0.0.1', undefined, '127.0.0.1'],
    ['the proxy, where the header is no address', '127.0.0.1', '203.0.113.9, evil', '127.0.0.1'],
    ['the proxy, where the header is empty', '127.0.0.1', '', '127.0.0.1'],
    ['the stranger who comes past the proxies', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  ])('should be %s', (_what, remote, forwarded, address) => {
    expect(of(near, remote, forwarded)).toBe(address);
  });

  it('should be as many entries from the end as proxies are counted', () => {
    expect(of({ hops: 1 }, '192.0.2.1', '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9');
    expect(of({ hops: 2 }, '192.0.2.1', '6.6.6.6, 203.0.113.9, 192.0.2.2')).toBe('203.0.113.9');
    expect(of({ hops: 2 }, '192.0.2.1', '203.0.113.9')).toBe('203.0.113.9');
  });

  it('should be counted by the address, and by the network of 64 bits for IPv6', () => {
    expect(limitKey('203.0.113.9')).toBe('203.0.113.9');
    expect(limitKey('2001:db8:0:1::7')).toBe(limitKey('2001:0db8::1:ffff:0:0:1'));
    expect(limitKey('2001:db8:0:1::7')).not.toBe(limitKey('2001:db8:0:2::7'));
    expect(limitKey('2001:db8::')).toBe('2001:db8:0:0::/64');
    expect(limitKey('::1')).toBe('0:0:0:0::/64');
    expect(limitKey('unknown')).toBe('unknown');
  });
});

describe('S21 connections of an address', () => {
  class Line extends EventEmitter {
    destroyed = false;
    constructor(readonly remoteAddress: string) {
      super();
    }
    destroy(): void {
      this.destroyed = true;
      this.emit('close');
    }
  }

  function house(env: Record<string, string> = {}) {
    const server = new EventEmitter();
    const cap = new ConnectionCap(loadConfig({ CONNECTIONS_PER_ADDRESS: '3', ...env }));
    cap.guard(server as Server);
    const come = (address: string): Line => {
      const line = new Line(address);
      server.emit('connection', line);
      return line;
    };
    const admits = (line: Line, forwarded: string): boolean =>
      cap.admits({ socket: line, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage);
    return { come, admits };
  }

  it('should be cut above the cap, and welcome again when others have ended', () => {
    const { come } = house();
    const lines = Array.from({ length: 5 }, () => come('192.0.2.1'));
    expect(lines.map(({ destroyed }) => destroyed)).toEqual([false, false, false, true, true]);
    expect(come('192.0.2.2').destroyed).toBe(false);
    lines[0]!.destroy();
    expect(come('::ffff:192.0.2.1').destroyed).toBe(false);
    expect(come('192.0.2.1').destroyed).toBe(true);
  });

  it('should not be counted where everybody may come from: this machine, and a trusted proxy', () => {
    const { come } = house({ TRUSTED_PROXY: '10.0.0.0/8' });
    for (let i = 0; i < 20; i++)
      expect(come('127.0.0.1').destroyed || come('10.1.1.1').destroyed).toBe(false);
  });

  it('should be counted through a trusted proxy for what stays open, and for nobody by a forged header', () => {
    const behind = house({ TRUSTED_PROXY: '10.0.0.1' });
    const proxied = Array.from({ length: 5 }, () => behind.come('10.0.0.1'));
    const admitted = proxied.map((line) => behind.admits(line, '203.0.113.9'));
    expect(admitted).toEqual([true, true, true, false, false]);
    expect(behind.admits(behind.come('10.0.0.1'), '203.0.113.8')).toBe(true);
    proxied[0]!.destroy();
    expect(behind.admits(behind.come('10.0.0.1'), '203.0.113.9')).toBe(true);
    const direct = house();
    for (let i = 0; i < 3; i++) expect(direct.admits(direct.come('192.0.2.1'), '203.0.113.9')).toBe(true);
    expect(direct.come('192.0.2.1').destroyed).toBe(true);
    expect(direct.come('203.0.113.9').destroyed).toBe(false);
  });
});

describe('S15 what one asker may ask', () => {
  it('should be so much at once and so much a second, with the time to come back', () => {
    let now = 0;
    const told: Record<string, unknown> = {};
    const response = { setHeader: (name: string, value: unknown) => (told[name] = value) };
    const allowance = new Allowance(3, 0.5, () => now);
    const ask = (asker: string) => (): void => allowance.take(asker, response as never);
    for (let i = 0; i < 3; i++) ask('one')();
    expect(ask('one')).toThrow('Wait 2 s');
    expect(told).toEqual({ 'Retry-After': '2' });
    expect(ask('other')).not.toThrow();
    now += 2_000;
    expect(ask('one')).not.toThrow();
    expect(ask('one')).toThrow();
  });
});
