import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { isLoopback } from '../config/addresses.js';
import type { TrustedProxy } from '../config/config.js';

/** What of a request says where it comes from. */
type Addressed = Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string } };

/**
 * Where a request comes from: the other end of its connection. Where that is a proxy that the owner trusts, the newest
 * entry of `X-Forwarded-For` that no trusted proxy wrote about another one. Anybody can send that header: what stands
 * left of it is not believed (OWASP ASVS 5.0, 4.1.3).
 */
export class ClientAddress {
  private readonly trusts: (address: string, hop: number) => boolean;

  constructor(proxy: TrustedProxy | null) {
    if (proxy === null) this.trusts = () => false;
    else if ('hops' in proxy) this.trusts = (_address, hop) => hop < proxy.hops;
    else {
      const networks = blockList(proxy.networks);
      this.trusts = (address) =>
        isIP(address) !== 0 && networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /** An IP address; `unknown` where the connection has gone already. */
  of({ socket, headers }: Addressed): string {
    let address = plainAddress(socket.remoteAddress);
    if (!this.trusts(address, 0)) return address;
    const named = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    for (let hop = 0; this.trusts(address, hop); hop++) {
      const next = plainAddress(named.pop());
      // Not a chain that a proxy would write: what is known so far stands.
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  }

  /** Whether this end of a connection is a proxy, so that many people come from it. */
  isProxy(address: string | undefined): boolean {
    return this.trusts(plainAddress(address), 0);
  }
}

/** What limits are counted by: the address; of IPv6 the network of 64 bits, which is what a household is given. */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const groups = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const [left = [], right = []] = groups;
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const first = [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4);
  return `${first.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** Whether limits by address leave it alone: behind a proxy that is not declared, everybody comes from this machine. */
export const isOwnMachine = (address: string): boolean => isLoopback(address);

/** IPv4 as such (not `::ffff:192.0.2.1`), without the port or zone that some proxies and systems add. */
function plainAddress(text: string | undefined): string {
  if (text !== undefined && isIP(text) === 4) return text;
  const bare = (text ?? '').trim().replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1');
  const unzoned = bare.split('%', 1)[0]!.toLowerCase();
  const portless = /^[\d.]+:\d{1,5}$/.test(unzoned) ? unzoned.split(':', 1)[0]! : unzoned;
  const mapped = /^::ffff:([\d.]+)$/.exec(portless)?.[1];
  return mapped ?? (portless === '' ? 'unknown' : portless);
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
